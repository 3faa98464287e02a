import { setTimeout as delay } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { call, current, loop, registerClass, registerError, scope, task } from 'skein'
import { threads } from 'skein/threads'
import { addLine, touch } from '../files.ts'
import { double } from './values.ts'

/** Cannot be made again where it arrives when its number is negative. */
export class Fickle {
  readonly n: number
  constructor(n: number) {
    this.n = n
  }
}
registerClass(Fickle, {
  name: 'skein.test.Fickle',
  encode: ({ n }) => n,
  decode: n => new Fickle(positive(n)),
})

export class FickleError extends Error {
  override name = 'FickleError'
  readonly n: number
  constructor(n: number) {
    super(`number ${n}`)
    this.n = n
  }
}
registerError(FickleError, {
  name: 'skein.test.FickleError',
  encode: ({ n }) => n,
  decode: n => new FickleError(positive(n)),
})

function positive(n: number): number {
  if (n < 0) throw new RangeError('less than nothing')
  return n
}

export const takeFickle = task(import.meta, function takeFickle({ n }: Fickle): number {
  return n
})

export const giveFickle = task(import.meta, function giveFickle(n: number): Fickle {
  return new Fickle(n)
})

export const throwFickle = task(import.meta, function throwFickle(n: number): never {
  throw new FickleError(n)
})

export const streamFickle = task(import.meta, async function* streamFickle(numbers: readonly number[]) {
  for (const n of numbers) yield new Fickle(n)
})

export const reportFickle = task(import.meta, function reportFickle(n: number): string {
  const s = current()
  s.progress(new Fickle(n))
  s.log('fickle', { value: new Fickle(n) })
  return 'reported'
})

export const reportUnsendable = task(import.meta, function reportUnsendable(): string {
  current().progress({ callback: () => 1 })
  return 'reported'
})

export const reportMany = task(import.meta, function reportMany(count: number): number {
  const s = current()
  for (let n = 0; n < count; n++) s.progress(n)
  return count
})

export const throwRevoked = task(import.meta, function throwRevoked(): never {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  throw proxy
})

export const throwOddError = task(import.meta, function throwOddError(): never {
  const error = new Error('odd')
  Object.defineProperty(error, 'message', { value: { not: 'a text' }, enumerable: true })
  Object.defineProperty(error, 'stack', { value: undefined })
  throw Object.freeze(error)
})

export const giveGetter = task(import.meta, function giveGetter(): unknown {
  return {
    get trap(): never {
      throw new RangeError('the getter threw')
    },
  }
})

export const giveProxy = task(import.meta, function giveProxy(): unknown {
  return { inside: new Proxy({ a: 1 }, {}) }
})

/** Whatever channels it can find, it speaks on them. */
export const speakOutOfTurn = task(import.meta, function speakOutOfTurn(): string {
  parentPort?.postMessage({ type: 'result', id: 1, value: 'forged' })
  parentPort?.postMessage('garbage')
  process.send?.({ type: 'result' })
  process.exitCode = 9
  return 'spoke'
})

export const leaveTimer = task(import.meta, function leaveTimer(): string {
  setInterval(() => undefined, 1_000)
  return 'left'
})

/** A set-up that never ends. */
export const neverReady = task(import.meta, async function neverReady(started: string): Promise<void> {
  touch(started)
  await delay(3_600_000)
})

export const openOwnPool = task(import.meta, async function openOwnPool(n: number): Promise<number> {
  const pool = threads({ workers: 1 })
  try {
    return (await pool.run(double, n)) + (await loop.run(double, n))
  } finally {
    await pool.close()
  }
})

export const scopeInside = task(import.meta, async function scopeInside(log: string): Promise<string> {
  const s = current()
  addLine(log, 'start')
  try {
    await s.scope(async inner => {
      inner.spawn(async child => child.sleep('1h'))
      await inner.sleep('1h')
    })
  } finally {
    addLine(log, 'end')
  }
  return 'never'
})

export const graphInside = task(import.meta, async function graphInside(n: number): Promise<number> {
  return scope(async s => s.on(loop).run(call(double, call(double, n))))
})

export const sameName = task(import.meta, async function constructor(): Promise<string> {
  return 'a name that every object has'
})

/** An object with a `then` that is no function, and so no promise. */
export const thenableResult = task(import.meta, function thenableResult(): { then?: unknown; kept: number } {
  return Object.assign({ kept: 1 }, JSON.parse('{"then": "later"}'))
})

export const changeEnvironment = task(import.meta, function changeEnvironment(): string {
  process.env['SKEIN_TEST_LEFT'] = 'yes'
  process.removeAllListeners('message')
  Error.stackTraceLimit = 0
  return 'changed'
})

/** Things that pass one of the borders on their way and not the next. */
export type Odd = 'getter' | 'instance' | 'memory' | 'function' | 'changing'

function oddThing(odd: Odd): unknown {
  switch (odd) {
    case 'getter':
      return {
        get value(): never {
          throw new RangeError('nothing to get')
        },
      }
    case 'instance':
      return new Fickle(-1)
    case 'memory': {
      const gone = new ArrayBuffer(8)
      structuredClone(gone, { transfer: [gone] })
      return gone
    }
    case 'function':
      return () => 1
    case 'changing': {
      let reads = 0
      return {
        list: new Map(),
        value: Object.defineProperty({}, 'x', { enumerable: true, get: () => (reads++ === 0 ? 1 : () => 1) }),
      }
    }
  }
}

export interface OddItem {
  readonly log: string
  readonly n: number
  readonly odd?: Odd
  readonly load?: unknown
}

/** An item that carries such a thing to its task. */
export function oddItem(log: string, n: number, odd: Odd): OddItem {
  return { log, n, load: oddThing(odd) }
}

/** Notes that it has run; gives its number, or such a thing. */
export const giveOdd = task(import.meta, function giveOdd({ log, n, odd }: OddItem): unknown {
  addLine(log, `${n}`)
  return odd === undefined ? n : oddThing(odd)
})

export const streamOdd = task(
  import.meta,
  function* streamOdd(odd: Odd, count: number, at: number): Generator<unknown> {
    for (let n = 0; n < count; n++) yield n === at ? oddThing(odd) : { n, more: new Map([[n, n]]) }
  },
)
