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
