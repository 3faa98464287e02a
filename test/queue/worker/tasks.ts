import { setTimeout as after } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { current, NonRetryableError, task } from 'skein'

export const add = task(import.meta, (a: number, b: number) => a + b, { name: 'add' })

/** Fails until the attempt that it is told. */
export const until = task(import.meta, function until(attempt: number) {
  const s = current()
  if (s.attempt < attempt) throw new Error(`attempt ${s.attempt} fails`)
  return s.attempt
})

export const refuses = task(import.meta, function refuses() {
  throw new NonRetryableError('there is no such customer')
})

export const codes = task(
  import.meta,
  function codes(code: string) {
    throw Object.assign(new Error(`failed with ${code}`), { code })
  },
  { retryIf: error => (error as { code?: string }).code === 'E_BUSY' },
)

export const tellsWhen = task(import.meta, function tellsWhen() {
  if (current().attempt === 1) throw Object.assign(new Error('come back later'), { retryAfter: 7_654 })
  return 'now'
})

/** Waits until it is stopped. */
export const waits = task(import.meta, async function waits() {
  const s = current()
  s.log('waiting')
  await s.sleep('1h')
})

/** Has something to tell with its last breath. */
export const tells = task(import.meta, function tells() {
  const s = current()
  s.log('told')
  s.progress('all')
  return 'told'
})

/** Computes until it is stopped, and never awaits. */
export const spins = task(import.meta, function spins() {
  const s = current()
  s.log('spinning')
  for (;;) s.checkpoint()
})

/** Goes on whatever it is told, for as long as its place lives. */
export const deaf = task(import.meta, async function deaf() {
  current().log('deaf')
  // On the loop nobody can end it, so it must not keep the tests running.
  for (;;) await after(1_000, undefined, { ref: false })
})

export const steps = task(import.meta, async function steps() {
  const s = current()
  const first = await s.step('first', () => {
    s.log(`first in attempt ${s.attempt}`)
    return { made: s.attempt }
  })
  s.progress({ done: 1, of: 2 })
  if (s.attempt === 1) throw new Error('after the first step')
  const second = await s.step('second', () => s.attempt)
  return { first, second, thread: threadId }
})

export const dies = task(import.meta, function dies() {
  process.exit(3)
})

/** The thread and process that it runs in. */
export const place = task(import.meta, () => `${process.pid}:${threadId}`, { name: 'place' })

const kept: Uint8Array[] = []

/** Takes so many megabytes for as long as its place lives. */
export const keep = task(import.meta, function keep(megabytes: number) {
  kept.push(new Uint8Array(megabytes * 2 ** 20).fill(1))
})

/** Takes more and more memory, until its place has none left. */
export const hungry = task(import.meta, function hungry() {
  const eaten: unknown[] = []
  for (;;) eaten.push(new Array(100_000).fill(eaten.length))
})

export const letters = task(import.meta, function* letters(text: string) {
  yield* text
})

const wantsText = {
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: (value: unknown) =>
      typeof value === 'string' ? { value: value.trim() } : { issues: [{ message: 'expected a text' }] },
  },
}

export const trimmed = task(import.meta, (text: string) => text, { name: 'trimmed', input: wantsText })
export const promisesText = task(import.meta, (value: never) => value as string, {
  name: 'promisesText',
  output: wantsText,
})

export const unsendable = task(import.meta, () => () => 1, { name: 'unsendable' })
