// The tasks of a Celery project. Written by `skein celery types`: do not change it, run that again.
import { contract } from 'skein/queue'

/** The language of the worker that runs it. There is a task of this name in TypeScript, too. */
export const language = contract<() => string>('both.language', { queue: 'both' })

/** The longest of some words, of which each has so many letters at least. */
export const longest = contract<(words: readonly string[], options?: { readonly least?: number }) => string>('proj.longest', { keywords: true, queue: 'python' })

/** The sum of some numbers. */
export const total = contract<(numbers: readonly number[]) => number>('proj.total', { floats: true, queue: 'python' })

/** The words of a text. */
export const words = contract<(text: string) => readonly string[]>('proj.words', { queue: 'python' })
