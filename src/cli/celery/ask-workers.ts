import { randomUUID } from 'node:crypto'
import { readEnvelope, writeEnvelope } from '../../celery/envelope.ts'
import { bindingsKey, channelOf, writeBinding } from '../../celery/redis-keys.ts'
import { readReply, writeCommand } from '../../celery/remote/control.ts'
import { StoreError } from '../../core/errors/errors.ts'
import { messageOf } from '../../core/errors/foreign.ts'
import { steady } from '../../core/time/platform.ts'
import { newConnection, opened } from '../../stores/redis/connection/client.ts'
import { redisPlace } from '../../stores/redis/url.ts'

/** The exchange from which the answers to commands are read. */
const replies = 'reply.celery.pidbox'

/**
 * Asks all Celery workers of a Redis server which tasks they know, as `celery inspect registered` does.
 *
 * **Errors**: `SKEIN_STORE_UNAVAILABLE`, `SKEIN_STORE_DRIVER`, `SKEIN_INVALID_ARGUMENT` for the URL.
 *
 * @param within milliseconds after which nobody's answer is waited for any more. It is over sooner when all have answered
 * @returns the tasks of each worker, by its name
 */
export async function tasksOfWorkers(url: string, within: number): Promise<ReadonlyMap<string, readonly string[]>> {
  const { url: shown, connection: options, prefix } = redisPlace(url)
  const connection = newConnection(options, shown)
  try {
    await opened(connection)
    const address = randomUUID()
    const queue = `${address}.${replies}`
    const binding = writeBinding({ routingKey: address, pattern: '', queue })
    try {
      await connection.call('SADD', prefix + bindingsKey(replies), binding)
      const asked = await connection.call(
        'PUBLISH',
        prefix + channelOf('celery.pidbox', '', options.db),
        commandText(address, Date.now() + within),
      )
      const texts: string[] = []
      const end = steady() + within
      for (let left = within; texts.length < Number(asked) && left > 0; left = end - steady()) {
        // 0 would be for ever.
        const found = await connection.call('BRPOP', prefix + queue, Math.max(left, 1) / 1_000)
        if (found !== null) texts.push(String((found as readonly unknown[])[1]))
      }
      return new Map(texts.flatMap(answersIn))
    } finally {
      await connection.call('SREM', prefix + bindingsKey(replies), binding)
      await connection.call('DEL', prefix + queue)
    }
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw new StoreError(
      'SKEIN_STORE_UNAVAILABLE',
      `The Redis server at ${shown} cannot be asked for its workers: ${messageOf(error)}`,
      { store: shown, cause: error },
    )
  } finally {
    connection.disconnect()
  }
}

function commandText(address: string, expires: number): string {
  const reply = { ticket: randomUUID(), exchange: replies, routingKey: address }
  const command = writeCommand({ method: 'registered', arguments: { taskinfoitems: [] }, reply, expires })
  return writeEnvelope({ ...command, exchange: 'celery.pidbox', routingKey: '', deliveryTag: randomUUID() })
}

/** The answer of a worker: its tasks, some with their options behind them, as in `proj.add [rate_limit=10/m]`. */
function answersIn(text: string): (readonly [hostname: string, tasks: readonly string[]])[] {
  const envelope = readEnvelope(text)
  if (envelope instanceof Error || envelope.body instanceof Error) return []
  const reply = readReply({ headers: envelope.headers, body: envelope.body })
  if (reply instanceof Error || !Array.isArray(reply.value)) return []
  const names = reply.value.filter(each => typeof each === 'string')
  return [[reply.hostname, names.map(each => each.replace(/ \[.*\]$/s, ''))]]
}
