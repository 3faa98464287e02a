/** The options of a signature that say which call it becomes, where and when; of any writer, so they may be anything. */
export interface SendingOptions {
  readonly task_id?: unknown
  readonly queue?: unknown
  readonly priority?: unknown
  /** Seconds. */
  readonly countdown?: unknown
}

/**
 * The id, the queue, the priority and the delay of a call that follows another one. An option that is wrong counts as not given.
 *
 * @param queue the one of the call before it
 * @param newId makes an id for a call that has none
 */
export function sendingOf(
  { task_id: id, queue: own, priority, countdown }: SendingOptions,
  queue: string,
  newId: () => string,
): { readonly id: string; readonly queue: string; readonly priority: number; readonly delay: number } {
  const isPriority = typeof priority === 'number' && Number.isInteger(priority) && priority >= 0 && priority <= 9
  return {
    id: typeof id === 'string' && id !== '' ? id : newId(),
    queue: typeof own === 'string' && own !== '' ? own : queue,
    priority: isPriority ? priority : 0,
    delay: typeof countdown === 'number' && countdown > 0 ? Math.ceil(countdown * 1_000) : 0,
  }
}
