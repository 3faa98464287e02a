import type { LogLine } from '../../core/events/log-line.ts'

/**
 * The services of the caller that hands a call over, for the running task, wherever it runs.
 *
 * None of these costs anything for calls that are handed over without it.
 */
export interface RunServices {
  /**
   * Answers a question of the task: `s.step` asks (see `stepAsk` in `core/scope/services.ts`). The answer travels back, and so
   * does what it rejects with. It is dropped when the run has ended meanwhile.
   */
  ask?(kind: string, value: unknown): Promise<unknown>
  /** A line of `s.log`. */
  log?(line: LogLine): void
  /** A value of `s.progress`. */
  progress?(value: unknown): void
  /** A run has begun. `worker` as in events; `time` in milliseconds since the epoch. */
  started?(worker: string, time: number): void
}
