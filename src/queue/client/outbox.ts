import { setImmediate } from '../../core/time/platform.ts'
import type { OutgoingCall, SendOutcome } from '../../stores/roles/calls.ts'
import { checkAsked } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'

/**
 * So many go to the store without waiting for the end of the turn: it writes them while the program makes the next ones, and
 * a million calls in one turn are not one message.
 */
const largeLot = 256

/** The outcome of a call that was handed in. */
export type Sent = SendOutcome | { readonly outcome: 'failed'; readonly error: unknown }

/** Collects the calls of one turn of the event loop and sends them together. */
export class Outbox {
  readonly #store: Store
  #waiting = new Map<OutgoingCall, (sent: Sent) => void>()
  #scheduled = false
  #underWay = 0
  #onEmpty: (() => void)[] = []

  constructor(store: Store) {
    this.#store = store
  }

  /** Sends a call; `answer` is called once, when it is durable or refused. What the store has no role for is refused at once. */
  add(call: OutgoingCall, answer: (sent: Sent) => void): void {
    try {
      checkAsked(this.#store, call)
    } catch (error) {
      return answer({ outcome: 'failed', error })
    }
    this.#waiting.set(call, answer)
    if (this.#waiting.size >= largeLot) this.#sendAll()
    else if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => this.#flush())
    }
  }

  /** Takes back a call that was not sent yet; `answer` is not called then. */
  withdraw(call: OutgoingCall): boolean {
    return this.#waiting.delete(call)
  }

  /** Resolves when everything that was handed in so far has been answered. */
  async emptied(): Promise<void> {
    if (this.#waiting.size === 0 && this.#underWay === 0) return
    await new Promise<void>(resolve => this.#onEmpty.push(resolve))
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#waiting.size > 0) this.#sendAll()
    else this.#settled()
  }

  #sendAll(): void {
    const waiting = [...this.#waiting]
    this.#waiting = new Map()
    void this.#send(waiting)
  }

  async #send(batch: [OutgoingCall, (sent: Sent) => void][]): Promise<void> {
    this.#underWay++
    try {
      const outcomes = await this.#store.broker.send(batch.map(([call]) => call))
      for (const [at, [, answer]] of batch.entries()) answer(outcomes[at] as SendOutcome)
    } catch (error) {
      for (const [, answer] of batch) answer({ outcome: 'failed', error })
    } finally {
      this.#underWay--
      this.#settled()
    }
  }

  #settled(): void {
    if (this.#underWay > 0 || this.#waiting.size > 0) return
    for (const resolve of this.#onEmpty.splice(0)) resolve()
  }
}
