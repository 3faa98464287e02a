/**
 * The events of calls and of the workers that run them, in the same words wherever that is: on the event loop, on threads, in
 * processes and on a queue.
 *
 * A call's events come in this order, the part in brackets once for each attempt:
 *
 *     submitted (started, then progress and log, then retried, released or lost) ended
 *
 * Exactly one `ended` follows `submitted`. A call that is stopped before it has begun has no `started`.
 *
 * @module
 */

/**
 * The facts about a call that are in each of its events.
 *
 * Times are milliseconds since the Unix epoch, with fractions, comparable between workers. They never go backwards, neither from
 * `submitted` to `queued`, `started` and `ended`, as far as it has come to that, nor from one event of a call to the next.
 */
export interface AboutCall {
  /** The moment of the event. */
  readonly time: number
  /** The call; its job has the same id. Unique in this program, on a queue everywhere (a UUID). */
  readonly id: string
  /** The task, by the name that queues and the command line use: `primes.countPrimes`. Of a task that `s.spawn` started, its own name. */
  readonly task: string
  /** The place in which it runs: the name of the executor (`loop`, `threads`, or what it was called), `queue`, or `scope` for `s.spawn`. */
  readonly place: string
  /** The name of the queue. Only for a call on a queue. */
  readonly queue?: string
  /** The id of the call inside of which this one was handed over. Absent where there was none, or where it is not known. */
  readonly parent?: string
  /**
   * The trace that the call is part of, as the header `traceparent` of its message says (W3C Trace Context). Only a queue's worker knows
   * it, and only of a call that was submitted where calls are traced, or with that header.
   */
  readonly traceparent?: string
  /** The number of the attempt that this is about, from 1. */
  readonly attempt: number
  /** The moment at which the call was accepted. Absent when nobody listened at that time: to note it for nobody would cost something. */
  readonly submitted?: number
  /**
   * The moment since which this attempt has waited for its turn: from the submission, from its due time, or from the end of the wait
   * before a retry. It lies ahead until then.
   */
  readonly queued?: number
  /**
   * The worker that has it, once it has begun: `loop`, `thread 2`, `process 1`; of a queue the id of its worker, as `skein stats` shows
   * it; `scope` for `s.spawn`.
   */
  readonly worker?: string
  /** The thread or process of a queue's worker that has it. Only the worker itself knows. */
  readonly lane?: string
  /** The moment at which this attempt began. */
  readonly started?: number
}

/** The facts about a call at the end of an attempt. */
export interface AboutEnd extends AboutCall {
  /** The moment at which the attempt ended; the same as `time`. */
  readonly ended: number
}

/** One thing that happened to a call. `executor.observe` tells of all of its calls, `job.events()` of one. */
export type CallEvent =
  /** It was accepted: from now on it has exactly one end. Or it was made to run again, by hand, after it had ended. */
  | (AboutCall & { readonly type: 'submitted' })
  /** An attempt has begun. */
  | (AboutCall & { readonly type: 'started'; readonly worker: string; readonly started: number })
  /** The task has called `s.progress(value)`. */
  | (AboutCall & { readonly type: 'progress'; readonly worker: string; readonly value: unknown })
  /** The task has called `s.log(text, fields)`. */
  | (AboutCall & {
      readonly type: 'log'
      readonly worker: string
      readonly text: string
      readonly fields?: Readonly<Record<string, unknown>>
    })
  /** The attempt has failed, and there will be another one. */
  | (AboutEnd & {
      readonly type: 'retried'
      readonly error: unknown
      /** The moment at which the next attempt is due. */
      readonly again: number
    })
  /** The attempt does not count, and the call waits again: it was handed back, or broken off for no fault of its own. */
  | (AboutEnd & {
      readonly type: 'released'
      /** True when it had begun. */
      readonly interrupted: boolean
      /** The things that a durable job waits for that has given its place back, in words; it goes on with the same attempt. */
      readonly waits?: readonly string[]
    })
  /** Its worker has died or has lost the lease; the call waits again. Nothing more of this attempt is kept. */
  | (AboutEnd & { readonly type: 'lost' })
  /** The call is over. */
  | (AboutEnd & {
      readonly type: 'ended'
      /** The number of items of a `map` that it had, where several were put into one call. */
      readonly items?: number
      /** The number of them that failed, where the map collects failures instead of stopping. */
      readonly failures?: number
      /** The approximate number of bytes that its arguments and its result took, where they had to be copied or written down. */
      readonly bytes?: { readonly sent: number; readonly received: number }
    } & (
        | { readonly outcome: 'done' }
        /** `error` is what `result()` throws. `dead` is a failure that somebody has to look at; only a queue knows it. */
        | { readonly outcome: 'failed' | 'cancelled' | 'dead'; readonly error: unknown }
      ))

/** One thing that happened to a worker. */
export type WorkerEvent =
  /** A thread, a process or a queue's worker is in another state. */
  | {
      readonly type: 'worker'
      readonly time: number
      /** As in `AboutCall`. */
      readonly place: string
      /** As in `AboutCall`. */
      readonly worker: string
      /**
       * `starting`, then `ready` when it takes calls, `gone` when it has ended. Of a queue's worker also `blocked`: it should take
       * jobs and cannot; and `leaving`: it takes no more, and lets those that run finish.
       */
      readonly state: 'starting' | 'ready' | 'blocked' | 'leaving' | 'gone'
      /** The reason, for people. */
      readonly reason?: string
      /** The number of calls that it still runs, when it is `leaving`. */
      readonly running?: number
    }
  /**
   * Something about a queue's worker went wrong that is not the fault of a job: the store cannot be reached, threads do not
   * start. It tries again.
   */
  | {
      readonly type: 'trouble'
      readonly time: number
      readonly place: string
      readonly worker: string
      /** The thing that it was about to do. */
      readonly doing: string
      readonly error: unknown
    }

/** Everything that `observe` tells, on every executor, queue and worker. */
export type SkeinEvent = CallEvent | WorkerEvent

/** The facts that are the same in each event of a call: all but the moment. */
export type CallFacts = Omit<AboutCall, 'time'>
