import { current, NonRetryableError, task } from 'skein'

/** The tasks of skein's worker in a fleet, by the names that Python calls them. */

export const add = task(import.meta, (x: number, y: number = 0) => x + y, { name: 'ts.add' })
export const sum = task(import.meta, (xs: number[]) => xs.reduce((a, b) => a + b, 0), { name: 'ts.sum' })
const listed = task(import.meta, (xs: unknown) => xs, { name: 'ts.listed' })
const echo = task(import.meta, (...args: unknown[]) => args, { name: 'ts.echo' })
const fail = task(
  import.meta,
  (): never => {
    throw new NonRetryableError('bad')
  },
  { name: 'ts.fail' },
)
const tell = task(import.meta, (...values: unknown[]) => void heard.push(values), { name: 'ts.tell' })
/** Runs until it is stopped. */
const wait = task(import.meta, () => current().sleep('1h'), { name: 'ts.wait' })

/** What `tell` was given. */
export const heard: unknown[][] = []
export const tasks = [add, sum, listed, echo, fail, tell, wait]
