import { readFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { type Task, task } from '../../call/define/task.ts'
import { statisticsOf, type Statistics } from './statistics.ts'

/** Waits: asks the site for a page and looks at its size. */
export const fetchPage: Task<(url: string) => Promise<number>> = task(
  import.meta,
  async function fetchPage(url: string): Promise<number> {
    const response = await fetch(url)
    return (await response.arrayBuffer()).byteLength
  },
)

/** Computes: reads a source file, breaks it into words, counts and hashes them. */
export const wordStatistics: Task<(file: string) => Statistics> = task(
  import.meta,
  function wordStatistics(file: string): Statistics {
    return statisticsOf(readFileSync(file, 'utf8'))
  },
)

/** Both: asks the site for a source file, and computes the same over it. */
export const fetchAndCount: Task<(url: string) => Promise<Statistics>> = task(
  import.meta,
  async function fetchAndCount(url: string): Promise<Statistics> {
    const response = await fetch(url)
    return statisticsOf(await response.text())
  },
)

/** Reads a file without computing: used to fill the cache of the system before anything is measured. */
export async function readAll(files: readonly string[]): Promise<number> {
  let bytes = 0
  for (const file of files) bytes += (await readFile(file)).byteLength
  return bytes
}
