import type { CancelSource } from '../core/errors/errors.ts'
import { type PoolLedger, sourceNumbers, sourceOfNumber, type WorkerLedger } from '../pool/wire/ledger.ts'

/**
 * The ledger in shared memory: two words for each slot.
 *
 *     word 2n      state: sent -> started -> stopping + the number of the source of the cancellation
 *                           \-> withdrawn
 *     word 2n + 1  when it started, in milliseconds of its ledger clock
 *
 * The pool and the worker both leave `sent` with a compare-and-swap, so exactly one of them wins. The time is written
 * before the swap to `started`: one that reads `started` (Atomics are sequentially consistent) reads a time that is there.
 */
const sent = 1
const started = 2
const withdrawn = 3
/** From here on the state tells why the call is to stop. */
const stopping = 16

/** Makes the memory for a ledger of so many slots. */
export function ledgerMemory(slots: number): SharedArrayBuffer {
  return new SharedArrayBuffer(slots * 8)
}

/** The pool's side. */
export class SharedPoolLedger implements PoolLedger {
  readonly #words: Int32Array
  readonly size: number

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
    this.size = this.#words.length / 2
  }

  sent(slot: number): void {
    Atomics.store(this.#words, slot * 2, sent)
  }

  /** The next call in this slot begins anew. */
  unsent(): void {}

  withdraw(slot: number): boolean {
    return Atomics.compareExchange(this.#words, slot * 2, sent, withdrawn) === sent
  }

  cancel(slot: number, source: CancelSource): void {
    Atomics.compareExchange(this.#words, slot * 2, started, stopping + sourceNumbers[source])
  }

  startedAt(slot: number): number | undefined {
    const state = Atomics.load(this.#words, slot * 2)
    return state === started || state >= stopping ? Atomics.load(this.#words, slot * 2 + 1) : undefined
  }

  close(): void {}
}

/** The worker's side. */
export class SharedWorkerLedger implements WorkerLedger {
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
  }

  arrived(): void {}

  start(slot: number, at: number): boolean {
    Atomics.store(this.#words, slot * 2 + 1, at)
    return Atomics.compareExchange(this.#words, slot * 2, sent, started) === sent
  }

  begin(slot: number, at: number): void {
    Atomics.store(this.#words, slot * 2 + 1, at)
  }

  cancelledBy(slot: number): CancelSource | undefined {
    const state = Atomics.load(this.#words, slot * 2)
    return state < stopping ? undefined : sourceOfNumber[state - stopping]
  }
}
