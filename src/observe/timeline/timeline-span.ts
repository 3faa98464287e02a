/** One bar of a timeline: something that took a while, and where. */
export interface TimelineSpan {
  /**
   * `call`: an attempt of a call ran. `wait`: it waited for its turn before. `task`: a task that `s.spawn` started. `garbage`: garbage was
   * collected. `blocked`: the event loop did one thing for so long that a timer came 10 ms late or more.
   */
  readonly kind: 'call' | 'wait' | 'task' | 'garbage' | 'blocked'
  /** The place: the name of an executor, `queue`, `scope`, or `program` for what is about all of it. */
  readonly place: string
  /** The lane in it: `thread 1`, `process 2`, `loop`. */
  readonly lane: string
  /** The name of the task, or what it is in words; safe to show, and cut where it is long. */
  readonly name: string
  /** Milliseconds since the Unix epoch, with fractions. */
  readonly start: number
  /** Milliseconds. */
  readonly duration: number
  /** The end of a call; `running` for one that has not ended yet. */
  readonly end?: 'done' | 'failed' | 'cancelled' | 'dead' | 'retried' | 'released' | 'lost' | 'running'
  /** The id of the call. */
  readonly id?: string
  /** The id of the call inside of which it was handed over, where that is known. */
  readonly parent?: string
  readonly attempt?: number
  /** The number of items of a `map` that it had. */
  readonly items?: number
}
