/** A job that a shutdown broke off. */
export interface InterruptedJob {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly attempt: number
  /** The time that it had run, in milliseconds. */
  readonly ran: number
  /** The means that it took to stop it, as in `CancelledError.ended`. */
  readonly ended: string
}

/** The report on what a stopped worker leaves behind. */
export interface StopReport {
  /** Jobs that ended while the worker was stopping. */
  readonly finished: number
  /** Jobs that were handed back unstarted. */
  readonly handedBack: number
  /** Jobs that had to be broken off; they run again elsewhere, and the attempt does not count. */
  readonly interrupted: readonly InterruptedJob[]
  /** Writes that the store had not taken when time ran out; the leases of those jobs run out, and they run again. */
  readonly unwritten: number
}

/** The numbers of a worker. */
export interface QueueWorkerStats {
  /** As it appears in the store and in `skein stats`: host, process and a random part. */
  readonly worker: string
  readonly state: 'running' | 'stopping' | 'stopped'
  /** Jobs that run right now. */
  readonly running: number
  /** Jobs that are held, but have not started. */
  readonly waiting: number
  /** The number of jobs that can run at once. */
  readonly capacity: number
  readonly done: number
  readonly failed: number
  readonly retried: number
  readonly cancelled: number
  readonly dead: number
  readonly released: number
  readonly lost: number
}

/** The health of a worker: whether it does its work. */
export interface WorkerHealth {
  /** True while it claims jobs, or could: it runs, the store answers, and nothing is stuck. */
  readonly consuming: boolean
  /** In words, for a person. */
  readonly reason: string
  /** Milliseconds since the store last answered a claim; undefined before the first. */
  readonly lastClaim: number | undefined
  readonly running: number
  readonly waiting: number
}
