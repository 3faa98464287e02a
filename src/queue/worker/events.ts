/** What happens in a worker, as `worker.observe` tells it. Times are milliseconds since the Unix epoch. */
export type WorkerEvent =
  | (AboutJob & { readonly type: 'started' })
  | (AboutJob & { readonly type: 'done'; readonly duration: number })
  /** Ended for good: `failed`, or `dead` for one that has to be looked at. */
  | (AboutJob & { readonly type: 'failed' | 'dead'; readonly error: unknown; readonly duration: number })
  /** It failed and will be tried again `delay` milliseconds from now. */
  | (AboutJob & {
      readonly type: 'retried'
      readonly error: unknown
      readonly delay: number
      readonly duration: number
    })
  | (AboutJob & { readonly type: 'cancelled'; readonly reason: unknown; readonly duration: number })
  /** Handed back: unstarted, or broken off by a shutdown. The attempt does not count. */
  | (AboutJob & { readonly type: 'released'; readonly interrupted: boolean })
  /** Its lease was lost, so another worker may have it; nothing more of this attempt is written. */
  | (AboutJob & { readonly type: 'lost' })
  /** The store could not be reached or refused; the worker tries again. */
  | { readonly type: 'trouble'; readonly time: number; readonly doing: string; readonly error: unknown }
  /** The worker consumes, or has stopped consuming although it should. */
  | { readonly type: 'consuming'; readonly time: number; readonly consuming: boolean; readonly reason: string }
  /** It takes no more jobs and lets those that run finish. */
  | { readonly type: 'stopping'; readonly time: number; readonly running: number }

/** Which job an event is about. */
export interface AboutJob {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly attempt: number
  readonly time: number
}

/** A job that a shutdown broke off. */
export interface InterruptedJob {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly attempt: number
  /** How long it had run, in milliseconds. */
  readonly ran: number
  /** What it took to stop it, as in `CancelledError.ended`. */
  readonly ended: string
}

/** What a stopped worker leaves behind. */
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

/** How a worker is doing. */
export interface QueueWorkerStats {
  /** As it appears in the store and in `skein stats`: host, process and a random part. */
  readonly worker: string
  readonly state: 'running' | 'stopping' | 'stopped'
  /** Jobs that run right now. */
  readonly running: number
  /** Jobs that are held, but have not started. */
  readonly waiting: number
  /** How many jobs can run at once. */
  readonly capacity: number
  readonly done: number
  readonly failed: number
  readonly retried: number
  readonly cancelled: number
  readonly dead: number
  readonly released: number
  readonly lost: number
}

/** Whether a worker does its work. */
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
