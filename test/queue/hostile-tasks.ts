import { current, task } from 'skein'
import { fileAppears } from '../conformance/files.ts'

/** Values that cross to a thread, or are made there, and that no queue can keep. */
const unkept = {
  'leads back to itself': () => {
    const value: { self?: unknown } = {}
    value.self = value
    return value
  },
  'looks like a typed value of Celery': () => ({ __type__: 'date', __value__: 1 }),
  'is shared memory': () => new SharedArrayBuffer(8),
  'is nested six hundred levels deep': () => Array.from({ length: 600 }).reduce<unknown>(inner => ({ inner }), 'core'),
  'has a getter that throws': () => ({
    get trap(): never {
      throw new RangeError('the getter threw')
    },
  }),
}
export type Unkept = keyof typeof unkept
export const unkeptKinds = Object.keys(unkept) as readonly Unkept[]

export const reportsUnkept = task(import.meta, async function reportsUnkept(kind: Unkept) {
  const s = current()
  s.progress(unkept[kind]())
  await s.sleep('1h')
})

export const logsUnkept = task(import.meta, async function logsUnkept(kind: Unkept) {
  const s = current()
  s.log('a line', { value: unkept[kind]() })
  await s.sleep('1h')
})

export const keepsUnkept = task(import.meta, async function keepsUnkept(kind: Unkept) {
  await current().step('one', () => unkept[kind]())
})

export const returnsUnkept = task(import.meta, function returnsUnkept(kind: Unkept) {
  return unkept[kind]()
})

export const throwsUnkept = task(import.meta, function throwsUnkept(kind: Unkept) {
  throw Object.assign(new RangeError('thrown'), { value: unkept[kind]() })
})

export const streamsUnkept = task(import.meta, async function* streamsUnkept(kind: Unkept): AsyncGenerator<unknown> {
  yield 'before'
  yield unkept[kind]()
  yield 'after'
})

/** Goes on until the file is there. */
export const bystander = task(import.meta, async function bystander(gate: string) {
  await fileAppears(gate)
  return 'unharmed'
})

export const echo = task(import.meta, function echo(value: unknown) {
  return value
})

/** So many characters; fails with as many where the number is below zero. */
export const large = task(import.meta, function large(length: number) {
  if (length < 0) throw new Error('x'.repeat(-length))
  return 'x'.repeat(length)
})

/** Tells more than anybody wants to know. */
export const chatty = task(import.meta, async function chatty(length: number) {
  const s = current()
  s.log('begins')
  s.log('x'.repeat(length))
  s.progress('x'.repeat(length))
  s.log('ends')
  await s.sleep(0)
  return 'done'
})

/** Runs until it is stopped. */
export const oddReasons = task(import.meta, async function oddReasons() {
  const s = current()
  s.log('runs')
  await s.sleep('1h')
})
