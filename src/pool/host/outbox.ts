import { queueMicrotask, steady } from '../../core/time/platform.ts'
import { encodeError, type ErrorEnvelope } from '../../call/codec/envelope.ts'
import type { Transferable } from '../../call/codec/move.ts'
import { UnsendableError } from '../../core/errors/errors.ts'
import { messageInside } from '../../core/errors/foreign.ts'
import { type EncodedBundle, withoutRefused } from '../wire/bundle.ts'
import type { HostLink } from '../wire/transport.ts'
import { type Reply, reply } from '../wire/messages.ts'

/** The longest that a result waits for others, in milliseconds, and how long it may wait in any case while there is more to do. */
const mostHeld = 5
const leastHeld = 1
/** Milliseconds after which what must not wait leaves at the latest, however much there is to do; what may wait is written down by then. */
const soon = 0.2
/** Progress and values of a synchronous stretch leave at once if the last message is older than this, in milliseconds. */
const urgentAfter = 1

/** The ways to deal with messages that pass the codec and not the transport. */
export interface Refusals {
  /** Throws for a part of a message that the transport does not take. */
  attempt(part: unknown): void
  /** A question that a task has asked could not be sent. */
  onAsk(ask: number, error: ErrorEnvelope): void
  /** Values of a stream could not be sent. */
  onItems(slot: number, error: UnsendableError): void
}

/**
 * The messages of a worker, and the moment at which they leave.
 *
 * Each message wakes the program, which costs more than a small call, on a core that a worker could have used. So results wait
 * for others while the worker has more to do, as long as nobody can mind: at most for half of the time that the calls in its
 * hand take, or `leastHeld`, and never longer than `mostHeld`. What is alone leaves at once. What waits is where the pool finds it.
 */
export class Outbox {
  readonly #link: HostLink
  readonly #refusals: Refusals
  #posted = false
  #hurried = false
  #lastFlush = 0
  #lastWritten = 0
  #flushScheduled = false

  constructor(link: HostLink, refusals: Refusals) {
    this.#link = link
    this.#refusals = refusals
  }

  post(message: Reply, json: boolean): void {
    this.#link.post(message, json)
    this.#posted = true
  }

  /** Sends a message that needs no encoding, where the link can tell. False: nothing was sent. */
  postPlain(message: Reply): boolean {
    if (this.#link.postPlain?.(message) !== true) return false
    this.#posted = true
    return true
  }

  /** Sends a message that had to be encoded, with what is to leave this thread without a copy. Throws when it cannot be sent. */
  postParts(message: Reply, json: boolean, moved: readonly Transferable[] | undefined): void {
    // A clone is nowhere to be seen before it is sent, and would be lost with this worker.
    this.#hurried = true
    if (moved === undefined || this.#link.postMoving === undefined) return this.post(message, json)
    try {
      this.#link.postMoving(message, moved, this.#refused)
    } catch (error) {
      throw resultRefused(error)
    }
    this.#posted = true
  }

  /** Marks what was posted last as not to wait for long: a failure may end all the rest, a time limit is running. */
  hurry(): void {
    this.#hurried = true
  }

  /**
   * Before a call begins: sends what must not wait for its end.
   *
   * @param at the time, as performance.now() returns it
   * @param next what the call is expected to take, in milliseconds; Infinity when nobody knows
   * @param inHand how many such calls there were when the worker began with them
   */
  flushIfDue(at: number, next: number, inHand: number): void {
    if (!this.#posted) return
    const longest = this.#hurried ? soon : Math.min(mostHeld, Math.max(leastHeld, (inHand * next) / 2))
    if (at + next - this.#lastFlush > longest) this.flush()
    else if (at + next - this.#lastWritten > soon) {
      this.#lastWritten = at
      this.writeDown()
    }
  }

  /** Before something else than a call has its turn: what must not wait leaves, the pool can find the rest. */
  writeDown(): void {
    if (this.#posted && (this.#hurried || this.#link.writeDown?.() === false)) this.flush()
  }

  /** From inside a long synchronous stretch. */
  flushIfOld(): void {
    if (this.#posted && steady() - this.#lastFlush > urgentAfter) this.flush()
  }

  /** From inside a task: at once when the last message is some time ago, else with the next. */
  flushSoon(): void {
    if (steady() - this.#lastFlush > urgentAfter) this.flush()
    else this.flushAfterThis()
  }

  /** As soon as what runs now has returned to the event loop. */
  flushAfterThis(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    queueMicrotask(() => {
      this.#flushScheduled = false
      this.flush()
    })
  }

  flush(): void {
    if (!this.#posted) return
    this.#posted = false
    this.#hurried = false
    this.#lastFlush = this.#lastWritten = steady()
    this.#link.flush(this.#refused)
  }

  /** A result that passed the codec but not the transport fails that call alone. */
  readonly #refused = (message: Reply, error: unknown): void => {
    const unsendable = resultRefused(error)
    if (message[0] === reply.done) {
      const [, slot, value, marked, at, duration] = message
      if (marked >= 2) {
        const rest = withoutRefused(value as EncodedBundle, this.#refusals.attempt, resultRefused)
        this.post([reply.done, slot, rest, 3, at, duration], false)
      } else {
        this.post([reply.failed, slot, encodeError(unsendable), at, duration], false)
      }
      this.flushAfterThis()
    } else if (message[0] === reply.ask) {
      const [, , ask] = message
      this.#refusals.onAsk(ask, encodeError(unsendable))
    } else if (message[0] === reply.items) {
      const [, slot] = message
      this.#refusals.onItems(slot, unsendable)
    } else if (message[0] === reply.progress || message[0] === reply.log) {
      process.emitWarning(unsendable)
    }
  }
}

function resultRefused(error: unknown): UnsendableError {
  return new UnsendableError(
    `The result cannot be sent to the thread that asked for it: ${messageInside(error)}. Return plain data instead.`,
    { path: 'result', cause: error },
  )
}
