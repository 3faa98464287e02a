import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MalformedMessageError } from 'skein'
import { readEnvelope, writeEnvelope } from '#skein/celery/envelope.js'
import {
  eventMessage,
  type EventStamp,
  readEvents,
  taskEvent,
  type TaskNews,
  type WireEvent,
  workerEvent,
} from '#skein/celery/remote/events.js'
import type { TaskMessage } from '#skein/celery/message.js'
import { channelOf } from '#skein/celery/redis-keys.js'
import { samples, sound } from './samples.ts'

// oxlint-disable-next-line no-explicit-any
type Loose = any

const stampOf = (event: Loose): EventStamp => ({
  hostname: event.hostname,
  pid: event.pid,
  clock: event.clock,
  time: event.timestamp * 1_000,
  utcOffset: event.utcoffset,
})

/** The call that an event tells of: the events were made by `add(x, y)`. */
const messageOf = (event: Loose): TaskMessage =>
  ({
    id: event.uuid,
    task: event.name,
    args: JSON.parse(event.args.replace('(', '[').replace(/,?\)/, ']').replaceAll("'", '"')),
    kwargs: JSON.parse(event.kwargs),
    rootId: event.root_id,
    ...(event.parent_id === null ? {} : { parentId: event.parent_id }),
    retried: event.retries,
    ...(event.eta === null ? {} : { eta: Date.parse(event.eta) }),
    ...(event.expires === null ? {} : { expires: Date.parse(event.expires) }),
  }) as TaskMessage

/** The exception that has the text: `ValueError('a', 2)`. */
const failureOf = ({ exception, traceback }: Loose): string => {
  const [, type, args] = /^(\w+)\((.*)\)$/.exec(exception as string)!
  return JSON.stringify({
    exc_type: type,
    exc_message: JSON.parse(`[${args!.replaceAll("'", '"')}]`) as unknown,
    exc_module: 'builtins',
    traceback,
  })
}

function ownEvent(event: Loose): WireEvent {
  const id = event.uuid as string
  const news: Readonly<Record<string, () => Loose>> = {
    'task-sent': () => ({
      message: messageOf(event),
      queue: event.queue,
      exchange: event.exchange,
      routingKey: event.routing_key,
    }),
    'task-received': () => ({ message: messageOf(event) }),
    'task-started': () => ({ id }),
    'task-succeeded': () => ({ id, result: Number(event.result), runtime: event.runtime }),
    'task-failed': () => ({ id, error: failureOf(event) }),
    'task-retried': () => ({ id, error: failureOf(event) }),
    'task-revoked': () => ({ id, terminated: event.terminated, signal: event.signum, expired: event.expired }),
  }
  const make = news[event.type as string]
  if (make) return taskEvent(stampOf(event), { type: event.type, ...make() } as TaskNews)
  return workerEvent(event.type, stampOf(event), {
    frequency: event.freq,
    active: event.active,
    processed: event.processed,
    load: event.loadavg,
    software: { name: event.sw_ident, version: event.sw_ver, system: event.sw_sys },
  })
}

describe('an event', () => {
  const kinds = new Set<string>()
  for (const { name, raw, envelope, body, place } of samples('events')) {
    test(`is read, and made alike: ${name}`, () => {
      const message = sound(readEnvelope(raw))
      const events = sound(readEvents(sound(message.body)))
      const given = (Array.isArray(body) ? body : [body]) as Loose[]
      assert.deepEqual(
        events.map(({ type, hostname, id, clock }) => [type, hostname, id, clock]),
        given.map(each => [each.type, each.hostname, each.uuid, each.clock]),
      )
      for (const each of given) kinds.add(each.type)
      const own = given.map(ownEvent)
      const {
        exchange,
        routingKey,
        headers,
        body: text,
      } = eventMessage(given[0].hostname, Array.isArray(body) ? own : own[0]!)
      // The time comes from milliseconds, and a double has no place for all of its digits.
      const rounded = (value: unknown): unknown =>
        JSON.parse(
          JSON.stringify(value, (key, each: unknown) =>
            key === 'timestamp' ? Math.round((each as number) * 1e3) : each,
          ),
        )
      assert.deepEqual(rounded(JSON.parse(text)), rounded(body))
      assert.equal(channelOf(exchange, routingKey), place['channel'])
      const written = writeEnvelope({ exchange, routingKey, headers, body: text, durable: false, deliveryTag: 'tag' })
      const { headers: ownHeaders, properties } = JSON.parse(written) as Loose
      assert.deepEqual([ownHeaders, properties], [envelope.headers, { ...envelope.properties, delivery_tag: 'tag' }])
    })
  }

  test('was there of every kind that is made, but for one that Celery has not sent', () => {
    const all = ['failed', 'received', 'retried', 'revoked', 'sent', 'started', 'succeeded'].map(each => `task-${each}`)
    const ofWorkers = ['heartbeat', 'offline', 'online'].map(each => `worker-${each}`)
    assert.deepEqual([...kinds].sort(), [...all, ...ofWorkers])
    const rejected = taskEvent(
      { hostname: 'w', pid: 1, clock: 2, time: 3_000 },
      { type: 'task-rejected', id: 'i', requeue: true },
    )
    assert.deepEqual(rejected, {
      hostname: 'w',
      utcoffset: 0,
      pid: 1,
      clock: 2,
      uuid: 'i',
      requeue: true,
      timestamp: 3,
      type: 'task-rejected',
    })
  })

  test('that is wrong is told from one that is right', () => {
    for (const body of ['', '1', '[1]', '{}', '{"type":1}', '[{"type":"a","hostname":1}]']) {
      assert.ok(readEvents(body) instanceof MalformedMessageError, body)
    }
    assert.deepEqual(readEvents('[]'), [])
  })
})
