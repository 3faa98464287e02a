/**
 * The way in which Celery makes RabbitMQ keep a message until its time, where a quorum queue would have its worker hold it: 28 queues,
 * of which each keeps for twice as long as the one below, and the bits of the delay say through which of them a message goes.
 *
 * @module
 */

const levels = 28
/** Seconds: all bits are set. */
const longest = 2 ** levels - 1

/**
 * The way of a message that is to wait.
 *
 * @param seconds the fraction is waited for by the worker, and is not in here; less than one is not a delay
 * @returns undefined for a message that goes the usual way
 */
export function delayedRoute(
  seconds: number,
  routingKey: string,
): { readonly exchange: string; readonly routingKey: string } | undefined {
  const whole = Math.min(longest, Math.trunc(seconds))
  if (!(whole >= 1)) return undefined
  const bits = [...whole.toString(2).padStart(levels, '0')]
  return { exchange: `celery_delayed_${levels - 1}`, routingKey: `${bits.join('.')}.${routingKey}` }
}

const delayed = new RegExp(`^(?:[01]\\.){${levels}}`)

/** The routing key that a message had before it had to wait, for the next message of the same call. */
export function originalRoutingKey(routingKey: string): string {
  return routingKey.replace(delayed, '')
}

/** The exchanges, queues and bindings without which no message can wait. */
export interface DelayedTopology {
  /** Topic exchanges, durable. */
  readonly exchanges: readonly string[]
  /** Quorum queues, with their arguments. */
  readonly queues: readonly { readonly name: string; readonly arguments: Readonly<Record<string, string | number>> }[]
  readonly bindings: readonly {
    readonly from: string
    readonly to: string
    readonly kind: 'queue' | 'exchange'
    readonly routingKey: string
  }[]
}

const arrival = 'celery_delayed_delivery'

/** The exchanges, queues and bindings that a worker with quorum queues declares. */
export function delayedTopology(): DelayedTopology {
  const exchanges = [arrival]
  const queues: DelayedTopology['queues'][number][] = []
  const bindings: DelayedTopology['bindings'][number][] = []
  for (let level = 0; level < levels; level++) {
    const name = `celery_delayed_${level}`
    const next = level === 0 ? arrival : `celery_delayed_${level - 1}`
    const before = '*.'.repeat(levels - 1 - level)
    exchanges.push(name)
    queues.push({
      name,
      arguments: {
        'x-queue-type': 'quorum',
        'x-overflow': 'reject-publish',
        'x-message-ttl': 2 ** level * 1_000,
        'x-dead-letter-exchange': next,
        'x-dead-letter-strategy': 'at-least-once',
      },
    })
    bindings.push({ from: name, to: name, kind: 'queue', routingKey: `${before}1.#` })
    bindings.push({ from: name, to: next, kind: 'exchange', routingKey: `${before}0.#` })
  }
  return { exchanges, queues, bindings }
}
