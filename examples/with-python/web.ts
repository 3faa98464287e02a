import { setTimeout } from 'node:timers/promises'
import { task } from 'skein'

/** The number of letters of each word. */
export const lengths = task(import.meta, function lengths(words: string[]) {
  return words.map(word => word.length)
})

/** A word in the middle of so many columns. */
export const center = task(import.meta, function center(word: string, options: { columns: number; fill?: string }) {
  const { columns, fill = ' ' } = options
  if (word.length > columns) throw new RangeError(`${word} is longer than ${columns} columns`)
  return word.padStart((columns + word.length) >> 1, fill).padEnd(columns, fill)
})

/** Is called by the beat of Celery. */
export const stamp = task(import.meta, function stamp(by: string) {
  return `stamped by ${by}`
})

/** The language of the worker that runs it. There is a task of this name in Python, too. */
export const language = task(
  import.meta,
  async function language() {
    await setTimeout(20)
    return 'TypeScript'
  },
  { name: 'both.language' },
)
