import { decodeError, type ErrorEnvelope } from '../../call/codec/envelope.ts'
import type { Runner } from '../../call/run/runner.ts'

interface Open {
  readonly runner: Runner
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * The questions that the tasks of a worker have asked the pool, and whose answers have not come yet.
 *
 * Questions are numbered through the whole life of the worker, so an answer that comes late can never be taken for that of
 * the next call in the same slot.
 */
export class Asks {
  readonly #open = new Map<number, Open>()
  #numbers = 0

  open(runner: Runner): { readonly number: number; readonly answer: Promise<unknown> } {
    const number = ++this.#numbers
    const answer = new Promise<unknown>((resolve, reject) => this.#open.set(number, { runner, resolve, reject }))
    return { number, answer }
  }

  settle(number: number, error: ErrorEnvelope | undefined, value: unknown): void {
    const asked = this.#open.get(number)
    if (!asked) return
    this.#open.delete(number)
    if (error === undefined) asked.resolve(value)
    else asked.reject(decodeError(error))
  }

  /** The run is over: nobody waits for its answers any more. */
  forget(runner: Runner): void {
    for (const [number, asked] of this.#open) if (asked.runner === runner) this.#open.delete(number)
  }
}
