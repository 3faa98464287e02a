import { appendFileSync, readFileSync } from 'node:fs'
import { NonRetryableError, task } from 'skein'

/** How often each node of a graph has run in this program, by its name. */
export const runs = new Map<string, number>()

/** Where programs that may be killed write down what has run in any of them: SKEIN_RUN_LOG is a file. */
const log = process.env['SKEIN_RUN_LOG']

function countRun(name: string): number {
  if (log === undefined) {
    const run = (runs.get(name) ?? 0) + 1
    runs.set(name, run)
    return run
  }
  appendFileSync(log, `${name}\n`)
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter(each => each === name).length
}

/** A node: it fails so many times first, and for good where that is never over. */
export const node = task(import.meta, function node(name: string, failures: number, ...given: readonly unknown[]) {
  const run = countRun(name)
  if (failures === Infinity) throw new NonRetryableError('broken')
  if (run <= failures) throw new Error('not yet')
  return JSON.stringify(given).length
})
