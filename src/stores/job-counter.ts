/**
 * The id of the counter that belongs to one job. Its members are what the job waits for while it lasts: the calls that are its
 * arguments, the calls that it has sent for itself, and the signals that it was sent. It is kept for as long as the job is.
 *
 * For those who write a store, or look into one.
 *
 * @example
 * import { jobCounter } from 'skein/stores'
 *
 * console.log(jobCounter('42')) // job:42
 */
export function jobCounter(id: string): string {
  return `${jobCounterStart}${id}`
}

/** The beginning of all such ids. */
export const jobCounterStart = 'job:'

/** True for the counter that belongs to a job. */
export function isJobCounter(counter: string | undefined | null): boolean {
  return counter?.startsWith(jobCounterStart) === true
}

/** The number of the first call that a job has sent for itself; below are the calls that are its arguments. */
export const firstChild: number = 2 ** 31

/** The number of the first signal to a job. */
export const firstSignal: number = 2 ** 32
