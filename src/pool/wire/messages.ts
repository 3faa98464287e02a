import type { CancelCause } from '../../core/errors/cause.ts'
import type { ErrorEnvelope } from '../../call/codec/envelope.ts'
import type { Entry, EntryKind } from '../../call/run/entry.ts'

/**
 * The messages between a pool and a worker: arrays whose first element is the kind, so that they are small in words and
 * quick to clone. A message on the transport holds many of them. Times (`at`, `duration`) are whole microseconds of the
 * worker's own clock. What is done for each call takes their elements by number, as in `const { 1: slot } = call`: a pattern in
 * brackets asks an iterator, which takes several times as long.
 */

/** Kinds of requests, pool to worker. */
export const request = {
  task: 0,
  call: 1,
  cancel: 2,
  credit: 3,
  close: 4,
  answer: 5,
  refusal: 6,
  put: 7,
  drop: 8,
} as const

export type Request =
  /** From now on `index` means that task. Sent before the first call that uses it. */
  | readonly [kind: typeof request.task, index: number, url: string, name: string]
  | readonly [
      kind: typeof request.call,
      slot: number,
      task: number,
      args: unknown,
      flags: number,
      attempt: number,
      credit: number,
      /**
       * The moment at which somebody outside of the pool will end it, in milliseconds since the epoch; 0 for never. Absent
       * with `timeout`.
       */
      deadline?: number,
      /** Its own limit in milliseconds; 0 for none. */
      timeout?: number,
    ]
  | readonly [kind: typeof request.cancel, slot: number, cause: WireCause]
  | readonly [kind: typeof request.credit, slot: number, values: number]
  | readonly [kind: typeof request.close]
  /** The answer to what a task has asked. `ask` is the worker's number of the question. */
  | readonly [kind: typeof request.answer, slot: number, ask: number, value: unknown, marked: 0 | 1]
  | readonly [kind: typeof request.refusal, slot: number, ask: number, error: ErrorEnvelope]

  /** A value to be kept for the calls that follow. */
  | readonly [kind: typeof request.put, id: number, value: unknown, marked: 0 | 1]
  /** No call that follows needs it any more. */
  | readonly [kind: typeof request.drop, id: number]

export type CallRequest = Extract<Request, { readonly 0: typeof request.call }>

/** Kinds of replies, worker to pool. */
export const reply = {
  ready: 0,
  broken: 1,
  started: 2,
  done: 3,
  failed: 4,
  items: 5,
  progress: 6,
  skipped: 7,
  fatal: 8,
  log: 9,
  ask: 10,
  grown: 11,
  unloadable: 12,
  unread: 13,
} as const

export type Reply =
  /** `offset`: its `bootOffset()`. */
  | readonly [kind: typeof reply.ready, id: number, offset: number]
  /** Its initializer failed, or it cannot be used for another reason, or its finalizer failed; the worker is about to exit. */
  | readonly [kind: typeof reply.broken, error: ErrorEnvelope]
  | readonly [kind: typeof reply.started, slot: number, at: number]
  /** `marked` 2 is a bundle as it is, and may arrive as 0; 3 is an EncodedBundle. */
  | readonly [
      kind: typeof reply.done,
      slot: number,
      value: unknown,
      marked: 0 | 1 | 2 | 3,
      at: number,
      duration: number,
    ]
  | readonly [kind: typeof reply.failed, slot: number, error: ErrorEnvelope, at: number, duration: number]
  /** As `failed`: the module of the task could not be imported, and never can be in this worker. */
  | readonly [kind: typeof reply.unloadable, slot: number, error: ErrorEnvelope, at: number, duration: number]
  /** Its arguments cannot be made again there: nothing of it has run. */
  | readonly [kind: typeof reply.unread, slot: number, error: ErrorEnvelope]
  /** `before`: how many such messages of this run came before, so that none can be missing unnoticed. */
  | readonly [kind: typeof reply.items, slot: number, values: unknown, marked: 0 | 1, before: number]
  | readonly [kind: typeof reply.progress, slot: number, value: unknown, marked: 0 | 1]
  /** The call had been withdrawn (or the worker could not tell): it has not run and never will. */
  | readonly [kind: typeof reply.skipped, slot: number]
  | readonly [kind: typeof reply.log, slot: number, text: string, time: number, fields: unknown, marked: 0 | 1]
  | readonly [kind: typeof reply.ask, slot: number, ask: number, about: string, value: unknown, marked: 0 | 1]
  /** It uses more memory than it should: no call is to be sent to it any more. */
  | readonly [kind: typeof reply.grown]
  /** An error that nobody caught is about to end the worker. */
  | readonly [kind: typeof reply.fatal, error: ErrorEnvelope]

/** The messages of a run while it goes on. */
export type WordOfRun = Extract<
  Reply,
  {
    readonly 0: typeof reply.started | typeof reply.items | typeof reply.progress | typeof reply.log | typeof reply.ask
  }
>

/** A cancel cause with a reason that can travel. */
export interface WireCause {
  readonly source: CancelCause['source']
  readonly timeout?: number
  readonly by?: string
  /** The reason, as `encodeCause` makes it. */
  readonly reason?: unknown
}

/** Bits of `flags` in a call. The three lowest are the kind. */
export const flag = { kind: 7, marked: 8, reportStart: 16, asks: 32, apart: 64, puts: 128 } as const

const kinds: readonly EntryKind[] = ['run', 'stream', 'chunk', 'settled', 'chain']

export function kindOfFlags(flags: number): EntryKind {
  return kinds[flags & flag.kind] as EntryKind
}

/** The flags of a call whose arguments are not `marked`. */
export function flagsOf(entry: Entry, reportStart: boolean, apart: boolean): number {
  let flags = kinds.indexOf(entry.kind)
  if (reportStart) flags |= flag.reportStart
  if (entry.terms.services?.ask !== undefined) flags |= flag.asks
  if (apart) flags |= flag.apart
  return flags
}
