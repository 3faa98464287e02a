import { type brand, brandClass, brandOf } from '../../core/brand.ts'
import { ClosedError } from '../../core/errors/errors.ts'

const typeOfValue: unique symbol = Symbol('type of the value') as never

/**
 * The handle of a value in the arguments of many calls: `put` makes it, and it may be used wherever the value may.
 *
 * Close it when the calls that use it have ended; `await using` does that by itself.
 */
export interface Put<T> extends AsyncDisposable {
  readonly [brand]: 'Put'
  /** Only for type inference: the type of the value. Never present at run time. */
  readonly [typeOfValue]?: T
  /** The number of workers that keep a copy at the moment. */
  readonly copies: number
  /**
   * Frees the value: here and in every worker. Calls that a worker has been given keep it until they end; calls that still
   * wait, and later ones, fail with `SKEIN_CLOSED`. Does nothing the second time.
   */
  close(): Promise<void>
}

/**
 * Makes a handle for a big value that many calls use, so that it travels to each worker once and not with each call.
 *
 * Use it for what costs something to copy and is the same for all calls: a model, an index, a large table of settings. The
 * handle is passed in its place, also inside of arrays and plain objects and in the items of a `map`; the task gets the
 * value. Don't use it for a small value, which is cheaper to send along; nor for what one call needs (`move` takes
 * a buffer there without a copy), nor for shared memory, which is never copied anyway.
 *
 * A worker gets its copy with the first call that needs it, and keeps it: all calls in that worker see the same object, so
 * a task must not change it. Nothing is copied by `put` itself: don't change the value while the handle is open, for a
 * worker that comes later gets it as it is then. A worker that is replaced gets it again. On the event loop the task gets
 * the value itself. A queue refuses it: put what many durable jobs need into a file or a database.
 *
 * `close()` of the handle frees it in all workers, `close()` of an executor in the workers of that one. A handle that the
 * program has forgotten is closed when it is collected; when that will be, nobody knows.
 *
 * **Cancellation**: a cancelled call leaves the value where it is.
 *
 * **Errors**: of the calls that use it: `SKEIN_CLOSED` once the handle has been closed, `SKEIN_UNSENDABLE` for a value that
 * cannot be sent.
 *
 * @param value anything that could be an argument
 *
 * @example
 * import { main, put, task } from 'skein'
 * import { threads } from 'skein/threads'
 *
 * export const translate = task(import.meta, function translate(words: Map<string, string>, text: string) {
 *   return text.replace(/\w+/g, word => words.get(word) ?? word)
 * })
 *
 * await main(import.meta, async () => {
 *   const pool = threads({ workers: 2 })
 *   const words = put(new Map([['one', 'uno'], ['two', 'dos']])) // think of it as large
 *   console.log(await pool.run(translate, words, 'one, two')) // uno, dos
 *   console.log(await pool.run(translate, words, 'two')) // dos
 *   await words.close()
 *   await pool.close()
 * })
 */
export function put<T>(value: T): Put<T> {
  const handle = new PutHandle<T>()
  const state = new PutState(value)
  states.set(handle, state)
  forgotten.register(handle, state)
  return handle
}

class PutHandle<T> implements Put<T> {
  static {
    brandClass(this, 'Put')
  }

  declare readonly [brand]: 'Put'
  declare readonly [typeOfValue]?: T

  get copies(): number {
    return stateOf(this).holders.size
  }

  async close(): Promise<void> {
    stateOf(this).close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

// Not in the handle itself, so that nobody who looks through its properties finds the value.
const states = new WeakMap<object, PutState>()
/** A handle that nobody has any more can reach no call: then no worker needs the value. */
const forgotten = /* @__PURE__ */ new FinalizationRegistry<PutState>(state => state.close())
let numbers = 0

/** The state behind a handle. */
export class PutState {
  /** Its number in messages. */
  readonly id: number = ++numbers
  /** The workers that keep it, each with what makes it free its copy. */
  readonly holders: Map<object, () => void> = new Map()
  #kept: { readonly value: unknown } | undefined

  constructor(value: unknown) {
    this.#kept = { value }
  }

  /** Errors: `SKEIN_CLOSED`, naming the place of the handle. */
  checkOpen(path: string): { readonly value: unknown } {
    if (this.#kept) return this.#kept
    throw new ClosedError(
      `${path} is a value that was put and has been closed since, so no worker has it any more. ` +
        `Close a handle when the last call that uses it has ended, or put the value again.`,
    )
  }

  close(): void {
    this.#kept = undefined
    for (const free of this.holders.values()) free()
    this.holders.clear()
  }
}

/** True once there may be handles in arguments: until then nobody has to look for them. */
export function putIsUsed(): boolean {
  return numbers > 0
}

/** True for what `put` returns. */
export function isPut(value: object): boolean {
  return brandOf(value) === 'Put'
}

/** The state behind a handle. */
export function stateOf(handle: object): PutState {
  return states.get(handle) as PutState
}
