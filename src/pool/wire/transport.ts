import type { Transferable } from '../../call/codec/move.ts'
import type { Ended } from '../../core/errors/errors.ts'
import type { PoolLedger } from './ledger.ts'
import type { Reply, Request } from './messages.ts'

/** A call that belongs to the worker itself, such as its initializer. */
export interface Hook {
  readonly url: string
  readonly name: string
  readonly args: unknown
  readonly marked: boolean
}

/** The settings that every worker gets when it starts. */
export interface WorkerInit {
  /** As in `thread 1`. */
  readonly name: string
  readonly concurrency: number
  /** The moment from which its ledger counts milliseconds, on the clock of `sinceBoot`. */
  readonly epoch: number
  readonly slots: number
  /** Bytes above which it says so, to be replaced. */
  readonly maxMemory?: number
  /** A call to run before the worker takes any other. */
  readonly initializer?: Hook
  /** A call to run after all others, when the worker has been told to go. */
  readonly finalizer?: Hook
}

/** The end of a worker. */
export interface WorkerExit {
  readonly exitCode: number | null
  readonly signal: string | null
  /** It reached its memory limit. */
  readonly outOfMemory: boolean
  /** Its last words: the error that nobody caught. */
  readonly error?: unknown
  /** The error for which something that it sent could not be read: it was ended for that. */
  readonly unreadable?: unknown
}

/** The events that a transport reports to the pool. */
export interface TransportEvents {
  onReplies(replies: readonly Reply[]): void
  /** A request could not be sent because of its contents; all others were. */
  onRefused(request: Request, error: unknown): void
  /** The worker is gone. Called exactly once, after the last replies. */
  onExit(exit: WorkerExit): void
}

/**
 * A worker and the way to it: a thread with a message port, or a process with a socket. It never keeps the program alive; its
 * pool does, as long as it has something to do.
 */
export interface Transport {
  readonly ledger: PoolLedger
  /**
   * Adds a request to what goes out with the next `flush`. Throws when its contents cannot be sent.
   *
   * @param json true when JSON would reproduce the request exactly
   * @param moved what goes with it without a copy, where there is a way; an empty list sends it at once, so that what
   *   cannot be cloned throws here
   */
  post(request: Request, json: boolean, moved?: readonly Transferable[]): void
  /**
   * Takes a request whose contents have not been encoded, if they are so plain that they need not be. False: nothing was
   * taken; encode it and post it.
   */
  postPlain?(request: Request): boolean
  flush(): void
  /** Takes replies that the worker has ready but holds back, where that can be seen from here. */
  look?(): void
  /** The bytes of memory that it uses; undefined where that cannot be known, or it is gone. Never rejects. */
  memory(): Promise<number | undefined>
  /** Ends the worker whatever it is doing. Resolves to what it took. `onExit` follows. */
  terminate(grace: number): Promise<Ended>
}

/** Starts a worker. */
export type OpenTransport = (init: WorkerInit, events: TransportEvents) => Transport

/** The worker's end of a transport. */
export interface HostLink {
  post(reply: Reply, json: boolean): void
  /** As `postPlain` of a transport. */
  postPlain?(reply: Reply): boolean
  /** Sends a reply at once, with parts of it that need no copy. Throws when it cannot be sent. Undefined where all is copied. */
  postMoving?(reply: Reply, moved: readonly Transferable[], refused: (reply: Reply, error: unknown) => void): void
  /**
   * Puts what has been posted where the pool finds it should this worker be killed, or not come to flush for long. False: only a flush
   * does that. Undefined where all that is posted lies there at once.
   */
  writeDown?(): boolean
  /** Sends what has been posted. `refused` gets each reply that could not be sent. */
  flush(refused: (reply: Reply, error: unknown) => void): void
}
