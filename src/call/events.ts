import type { TaskIdentity } from './define/identity.ts'

/**
 * An event in the life of a call, as `executor.observe` and every observer (progress bar, timeline, dashboard) get it.
 *
 * Times are milliseconds since the Unix epoch, with fractions, comparable between workers.
 */
export type ExecutorEvent =
  | { readonly type: 'submitted'; readonly id: string; readonly task: TaskIdentity; readonly time: number }
  | {
      readonly type: 'started'
      readonly id: string
      readonly task: TaskIdentity
      readonly worker: string
      readonly time: number
    }
  | {
      readonly type: 'progress'
      readonly id: string
      readonly task: TaskIdentity
      readonly worker: string
      readonly time: number
      readonly value: unknown
    }
  | {
      readonly type: 'log'
      readonly id: string
      readonly task: TaskIdentity
      readonly worker: string
      readonly time: number
      readonly text: string
      readonly fields?: Readonly<Record<string, unknown>>
    }
  | {
      readonly type: 'retried'
      readonly id: string
      readonly task: TaskIdentity
      readonly time: number
      readonly attempt: number
      readonly error: unknown
    }
  | Ended<'done'>
  | (Ended<'failed'> & { readonly error: unknown })
  | (Ended<'cancelled'> & { readonly error: unknown })
  | {
      readonly type: 'worker'
      readonly worker: string
      readonly time: number
      readonly state: 'starting' | 'ready' | 'gone'
    }

/** The end of a call. `worker`, `started` and `duration` are absent for a call that never started. */
interface Ended<T extends string> {
  readonly type: T
  readonly id: string
  readonly task: TaskIdentity
  readonly time: number
  readonly worker?: string
  /** The moment at which the run started. */
  readonly started?: number
  /** The time that it ran, in milliseconds. */
  readonly duration?: number
  /** The number of items that ran, where `map` put several into one call. */
  readonly items?: number
  /** Bytes of arguments sent and of results received, where they crossed a border and were measured. */
  readonly bytes?: { readonly sent: number; readonly received: number }
}
