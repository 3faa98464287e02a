import { readFileSync } from 'node:fs'
import { InvalidArgumentError, current, registerError, scope, task } from 'skein'
import { addLine } from '../files.ts'
import { Fickle } from './hostile.ts'

/** Known on both sides, because both sides import this module. */
export class PaymentError extends Error {
  override readonly name = 'PaymentError'
  readonly amount: number
  constructor(message: string, amount: number) {
    super(message)
    this.amount = amount
  }
  get doubled(): number {
    return this.amount * 2
  }
}
registerError(PaymentError)

class LocalRangeError extends RangeError {
  override readonly name = 'LocalRangeError'
  readonly limit = 7
}

export const throwTypeError = task(import.meta, function throwTypeError(): number {
  return insideTypeError()
})

function insideTypeError(): number {
  throw new TypeError('not that type')
}

export const rejectLater = task(import.meta, async function rejectLater(message: string): Promise<number> {
  await new Promise(resolve => setImmediate(resolve))
  throw new RangeError(message)
})

export const readMissing = task(import.meta, function readMissing(path: string): string {
  return readFileSync(path, 'utf8')
})

export const throwChain = task(import.meta, function throwChain(): never {
  const root = Object.assign(new TypeError('root'), { depth: 2 })
  const middle = new PaymentError('middle', 5)
  middle.cause = root
  throw new Error('top', { cause: middle })
})

export const throwCauseValue = task(import.meta, function throwCauseValue(): never {
  throw new Error('with data', { cause: { shelf: 3 } })
})

export const throwAggregate = task(import.meta, function throwAggregate(): never {
  throw new AggregateError([new TypeError('one'), new PaymentError('two', 2), 'three'], 'several')
})

export const throwInScope = task(import.meta, async function throwInScope(): Promise<void> {
  await scope(s => {
    s.spawn(() => {
      throw new PaymentError('first', 1)
    })
    s.spawn(async inner => {
      await inner.sleep('1h').catch(() => {})
      throw new AggregateError([new TypeError('inner')], 'second')
    })
  })
})

/** As `using` makes it when the disposal fails, too; made by hand where this Node has none. */
export const throwSuppressed = task(import.meta, function throwSuppressed(): never {
  const { SuppressedError: Native } = globalThis as {
    SuppressedError?: new (error: unknown, suppressed: unknown, message: string) => Error
  }
  const error = new TypeError('while closing')
  const suppressed = new PaymentError('while working', 5)
  if (Native) throw new Native(error, suppressed, 'both')
  throw Object.defineProperties(new Error('both'), {
    name: { value: 'SuppressedError' },
    error: { value: error },
    suppressed: { value: suppressed },
  })
})

/** An error with a field that cannot be made again where it arrives, beside others. */
export const throwWithFickleField = task(import.meta, function throwWithFickleField(): never {
  throw Object.assign(new RangeError('the error of the task'), { amount: 3, fickle: new Fickle(-1) })
})

export const throwDomException = task(import.meta, function throwDomException(): never {
  throw new DOMException('no more room', 'QuotaExceededError')
})

export const throwAbortReason = task(import.meta, function throwAbortReason(): never {
  AbortSignal.abort().throwIfAborted()
  throw new Error('unreachable')
})

export const throwPayment = task(import.meta, function throwPayment(amount: number): never {
  throw new PaymentError(`cannot pay ${amount}`, amount)
})

export const throwLocal = task(import.meta, function throwLocal(): never {
  throw new LocalRangeError('beyond')
})

export const throwSkein = task(import.meta, function throwSkein(): never {
  throw new InvalidArgumentError('told by the task')
})

export const throwValue = task(import.meta, function throwValue(value: unknown): never {
  throw value
})

export const throwUndefined = task(import.meta, function throwUndefined(): never {
  throw undefined
})

export const throwFunction = task(import.meta, function throwFunction(): never {
  throw function culprit(): void {}
})

export const throwUnsendableFields = task(import.meta, function throwUnsendableFields(): never {
  throw Object.assign(new TypeError('carries things'), { code: 'E_THINGS', callback: () => 1, kept: [1, 2] })
})

export const throwCycle = task(import.meta, function throwCycle(): never {
  const error = new Error('its own cause')
  error.cause = error
  throw error
})

export const throwHostile = task(import.meta, function throwHostile(): never {
  const error = new Error('hostile')
  Object.defineProperty(error, 'trap', {
    enumerable: true,
    get() {
      throw new Error('the getter threw')
    },
  })
  throw error
})

export const giveFunction = task(import.meta, function giveFunction(): unknown {
  return { list: [1, { callback: () => 1 }] }
})

export const giveSymbol = task(import.meta, function giveSymbol(): unknown {
  return Symbol('not for travel')
})

export const failUnlessEven = task(import.meta, function failUnlessEven(n: number): number {
  if (n % 2 !== 0) throw new RangeError(`${n} is odd`)
  return n
})

export const failAt = task(import.meta, function failAt(item: { n: number; bad: number; log: string }): number {
  addLine(item.log, String(item.n))
  if (item.n === item.bad) throw new RangeError(`item ${item.n} is bad`)
  return item.n
})

/** Fails until it has been run `good` times in all; the file counts across workers. */
export const flaky = task(import.meta, function flaky(log: string, good: number): string {
  const { attempt } = current()
  addLine(log, `attempt ${attempt}`)
  if (attempt < good) throw new RangeError(`attempt ${attempt} failed`)
  return `attempt ${attempt}`
})

export const flakyItem = task(import.meta, function flakyItem(item: { n: number; log: string }): number {
  const { attempt } = current()
  addLine(item.log, `${item.n} ${attempt}`)
  if (item.n === 3 && attempt < 3) throw new RangeError('not yet')
  return item.n
})
