/**
 * The names that kombu and Celery give to what they keep in Redis. A prefix that an operator has chosen (`global_keyprefix`) comes
 * before all of them, and is not said here.
 *
 * @module
 */

/** Between the parts of a name, since no name of somebody's has these characters in it. */
const separator = '\x06\x16'

/** The priorities that have a list of their own; the one at 0 is taken from first. */
const steps = [0, 3, 6, 9] as const

/**
 * The list in which a queue keeps the messages of a priority. The numbers between the steps belong to the one below them, and those
 * outside to the nearest.
 *
 * @param priority as Celery counts on Redis: 0 goes first, 9 last
 */
export function listOf(queue: string, priority: number): string {
  const step = steps.findLast(each => each <= priority) ?? 0
  return step === 0 ? queue : `${queue}${separator}${step}`
}

/** All lists of a queue, in the order in which they are taken from. */
export function listsOf(queue: string): string[] {
  return steps.map(step => listOf(queue, step))
}

/** The messages that were taken and not acknowledged: a hash by delivery tag, and a sorted set with the time of each. */
export const unacknowledgedKey = 'unacked'
export const unacknowledgedIndex = 'unacked_index'

/** The set of the queues that are bound to an exchange. */
export function bindingsKey(exchange: string): string {
  return `_kombu.binding.${exchange}`
}

/** A queue that gets the messages of an exchange. */
export interface Binding {
  readonly routingKey: string
  /** For an exchange of the type topic: the routing keys that fit, as a regular expression of Python's. */
  readonly pattern: string
  readonly queue: string
}

/** Writes the entry of a queue in the set of an exchange. */
export function writeBinding({ routingKey, pattern, queue }: Binding): string {
  return [routingKey, pattern, queue].join(separator)
}

/** Reads the entry of a queue in the set of an exchange; undefined for what is none. */
export function readBinding(text: string): Binding | undefined {
  const [routingKey, pattern, queue, ...more] = text.split(separator)
  if (routingKey === undefined || pattern === undefined || queue === undefined || more.length > 0) return undefined
  return { routingKey, pattern, queue }
}

/** The channel on which the messages of an exchange of the type fanout go out. */
export function channelOf(exchange: string, routingKey: string, database = 0): string {
  return `/${database}.${exchange}${routingKey === '' ? '' : `/${routingKey}`}`
}

/** The result of a call, and the channel that tells of it. */
export function resultKey(id: string): string {
  return `celery-task-meta-${id}`
}

/** A group that was saved; and the parts of a chord: how its members have ended, how many were added, how many there are. */
export function groupKey(id: string, part?: 'ended' | 'added' | 'size'): string {
  const ends = { ended: '.j', added: '.t', size: '.s' } as const
  return `celery-taskset-meta-${id}${part === undefined ? '' : ends[part]}`
}

/** Seconds that a result and the parts of a chord are kept, unless `result_expires` says otherwise. */
export const resultLifetime = 86_400
