import { Timer } from './timer.ts'

/**
 * Waits until a promise has settled, but no longer than a time: whatever comes of it after that is of no interest.
 *
 * @param milliseconds from 0 up; Infinity waits for as long as it takes
 * @returns true when it has settled in time; rejects with what it rejected with in time
 */
export async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: Timer | undefined
  const over = new Promise<false>(resolve => (timer = new Timer(milliseconds, () => resolve(false), undefined)))
  try {
    return await Promise.race([promise.then(() => true), over])
  } finally {
    timer?.clear()
  }
}
