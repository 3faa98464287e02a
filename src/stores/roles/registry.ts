/** Knows the workers that are at work. */
export interface Registry {
  /** Says that a worker is alive and what it does; `undefined` that it is gone. To be said again every few seconds. */
  announce(worker: string, record: Announcement | undefined): Promise<void>
  /** The workers that have been seen lately. */
  workers(): Promise<WorkerRecord[]>
}

/** The facts that a worker announces about itself. */
export interface Announcement {
  readonly queues: readonly string[]
  readonly tasks: readonly string[]
  readonly concurrency: number
  readonly place: string
}

/** A worker that has been seen lately. */
export interface WorkerRecord extends Announcement {
  readonly worker: string
  readonly startedAt: number
  readonly seenAt: number
  readonly running: number
}
