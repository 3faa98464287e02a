import type { OutgoingCall } from '../../stores/roles/calls.ts'

/** The kind of question under which a task asks for an effect. */
export const effectAsk = 'queue-effect'

/** The kind of question under which a task asks that a call be submitted once the job is done: an `OutgoingCall`. */
export const nextAsk = 'queue-next'

/** The kind of question under which a task asks which job it is run for. */
export const jobAsk = 'queue-job'

/** An effect on its way from a task to its worker. */
export interface AskedEffect {
  readonly sql: string
  readonly parameters: readonly (string | number | bigint | Uint8Array | null)[]
  /** The names of the scopes in which it was asked for, the innermost first. */
  readonly within: readonly string[]
}

/** The kinds of questions of a durable wait. */
export const waitAsk = {
  /** It begins. Value: an `AskedWait`. Answer: a `BegunWait`. */
  begin: 'queue-wait',
  /** Answered once it is over, with what has come of it. Value: its name. */
  over: 'queue-wait-over',
  /** All that the task does now is wait. Value: an `AskedRest`. */
  rest: 'queue-wait-rest',
} as const

/** A wait on its way from a task to its worker. */
export type AskedWait =
  /** Until a moment, in milliseconds since the epoch, or for so many milliseconds. */
  | { readonly kind: 'sleep'; readonly name: string; readonly until: number }
  | { readonly kind: 'sleep'; readonly name: string; readonly span: number }
  /** For a signal of this name, so many milliseconds at most. */
  | { readonly kind: 'signal'; readonly name: string; readonly timeout?: number }
  /** For another job; with the call where it was asked for. */
  | { readonly kind: 'call'; readonly name: string; readonly call?: OutgoingCall }

/**
 * The beginning of a wait: it is over already, and this is its value; or it is not. `id`: the call of a job that is not there yet is
 * wanted, to be sent under this id.
 */
export type BegunWait = { readonly value: unknown } | { readonly id: string } | undefined

/** A task that does nothing but wait, as it tells its worker. */
export interface AskedRest {
  /** The names of its waits. */
  readonly waits: readonly string[]
  /** The steps that have failed in this run, and their errors. */
  readonly failed: readonly (readonly [name: string, error: unknown])[]
}
