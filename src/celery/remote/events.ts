import type { MalformedMessageError } from '../../core/errors/errors.ts'
import { shownException } from '../exception.ts'
import { type Fields, fieldsIn, isFields, jsonIn, optionalTextIn, orMalformed, textIn } from '../fields.ts'
import type { TaskMessage } from '../message.ts'
import { argumentsRepr, valueRepr } from '../python-repr.ts'
import { isoTime } from '../iso-time.ts'

/**
 * The events that Celery's workers and clients send to those who watch (`celery events`, Flower), as pure data: they go out on the
 * exchange `celeryev`, those of tasks in lists.
 *
 * @module
 */

/** The sender of an event, and the moment. */
export interface EventStamp {
  /** The name of the worker (`worker@machine`), or of the client. */
  readonly hostname: string
  readonly pid: number
  /** The number of what its sender has told so far, higher than any that it has heard of: it orders events of many senders. */
  readonly clock: number
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Hours from UTC to the clock on its wall. Default: 0. */
  readonly utcOffset?: number
}

/** A worker, as it shows itself. */
export interface WorkerState {
  /** Seconds from one heartbeat to the next. */
  readonly frequency: number
  /** The number of calls that run. */
  readonly active: number
  /** The number of calls that have ended. */
  readonly processed: number
  /** The load of the machine over the last 1, 5 and 15 minutes. */
  readonly load: readonly number[]
  /** The program, its version, and the system that it runs on. */
  readonly software: { readonly name: string; readonly version: string; readonly system: string }
}

/** Something that has happened to a call. */
export type TaskNews =
  | {
      readonly type: 'task-sent'
      readonly message: TaskMessage
      readonly queue: string
      readonly exchange: string
      readonly routingKey: string
    }
  | { readonly type: 'task-received'; readonly message: TaskMessage }
  | { readonly type: 'task-started'; readonly id: string }
  /** `runtime` in seconds. */
  | { readonly type: 'task-succeeded'; readonly id: string; readonly result: unknown; readonly runtime: number }
  /** `error`: JSON, as `encodeFailure` writes it. */
  | { readonly type: 'task-failed' | 'task-retried'; readonly id: string; readonly error: string }
  | {
      readonly type: 'task-revoked'
      readonly id: string
      readonly terminated: boolean
      /** The number of the signal that has ended it. */
      readonly signal: number | null
      readonly expired: boolean
    }
  | { readonly type: 'task-rejected'; readonly id: string; readonly requeue: boolean }

/** An event, as it is on the wire. */
export interface WireEvent extends Fields {
  readonly type: string
}

/** The event that a worker is there, still there, or leaves. */
export function workerEvent(
  type: 'worker-online' | 'worker-heartbeat' | 'worker-offline',
  stamp: EventStamp,
  { frequency, active, processed, load, software }: WorkerState,
): WireEvent {
  return stamped(type, stamp, {
    freq: frequency,
    active,
    processed,
    loadavg: load,
    sw_ident: software.name,
    sw_ver: software.version,
    sw_sys: software.system,
  })
}

/** The event that something has happened to a call. */
export function taskEvent(stamp: EventStamp, news: TaskNews): WireEvent {
  switch (news.type) {
    case 'task-sent': {
      const { queue, exchange, routingKey, message } = news
      return stamped(news.type, stamp, { ...described(message), queue, exchange, routing_key: routingKey })
    }
    case 'task-received':
      return stamped(news.type, stamp, described(news.message))
    case 'task-started':
      return stamped(news.type, stamp, { uuid: news.id })
    case 'task-succeeded':
      return stamped(news.type, stamp, { uuid: news.id, result: valueRepr(news.result), runtime: news.runtime })
    case 'task-failed':
    case 'task-retried':
      return stamped(news.type, stamp, { uuid: news.id, ...failed(news.error) })
    case 'task-revoked': {
      const { id, terminated, signal, expired } = news
      return stamped(news.type, stamp, { uuid: id, terminated, signum: signal, expired })
    }
    case 'task-rejected':
      return stamped(news.type, stamp, { uuid: news.id, requeue: news.requeue })
  }
}

function stamped(type: string, { hostname, pid, clock, time, utcOffset = 0 }: EventStamp, fields: Fields): WireEvent {
  return { hostname, utcoffset: utcOffset, pid, clock, ...fields, timestamp: time / 1_000, type }
}

function described({ id, task, args, kwargs, rootId, parentId, retried, eta, expires }: TaskMessage): Fields {
  return {
    uuid: id,
    name: task,
    args: argumentsRepr(args),
    kwargs: valueRepr(kwargs),
    root_id: rootId,
    parent_id: parentId ?? null,
    retries: retried,
    eta: eta === undefined ? null : isoTime(eta),
    expires: expires === undefined ? null : isoTime(expires),
  }
}

function failed(error: string): Fields {
  const record = jsonIn(error, 'error')
  const fields = isFields(record) ? record : { exc_message: record }
  const { traceback } = fields
  return { exception: shownException(fields), traceback: typeof traceback === 'string' ? traceback : null }
}

/** A message with events, as far as it does not depend on the broker. */
export interface EventMessage {
  readonly exchange: 'celeryev'
  readonly routingKey: string
  /** JSON object. */
  readonly headers: string
  /** JSON. */
  readonly body: string
}

/** Puts events into a message: one alone is what a client and the heartbeat of a worker send, a list what a worker tells of calls. */
export function eventMessage(hostname: string, events: WireEvent | readonly WireEvent[]): EventMessage {
  return {
    exchange: 'celeryev',
    routingKey: isList(events) ? 'task.multi' : events.type.replaceAll('-', '.'),
    headers: JSON.stringify({ hostname }),
    body: JSON.stringify(events),
  }
}

function isList(events: WireEvent | readonly WireEvent[]): events is readonly WireEvent[] {
  return Array.isArray(events)
}

/** An event of anybody's, as far as all have the same in it. */
export interface ReceivedEvent {
  /** `task-received`, `worker-heartbeat`, or anything that somebody has made up. */
  readonly type: string
  readonly hostname?: string
  /** Milliseconds since the epoch. */
  readonly time?: number
  readonly clock?: number
  /** The id of the call, for what has to do with one. */
  readonly id?: string
  /** All of it. */
  readonly fields: Fields
}

/** Reads the body of a message with events, one or a list; an error value for what is wrong. */
export function readEvents(body: string): readonly ReceivedEvent[] | MalformedMessageError {
  return orMalformed(() => {
    const value = jsonIn(body, 'body')
    return (Array.isArray(value) ? (value as unknown[]) : [value]).map(each => received(fieldsIn(each, 'event')))
  })
}

function received(fields: Fields): ReceivedEvent {
  const hostname = optionalTextIn(fields['hostname'], 'hostname')
  const id = optionalTextIn(fields['uuid'], 'uuid')
  const { timestamp, clock } = fields
  return {
    type: textIn(fields['type'], 'type'),
    ...(hostname === undefined ? {} : { hostname }),
    ...(typeof timestamp === 'number' ? { time: timestamp * 1_000 } : {}),
    ...(typeof clock === 'number' ? { clock } : {}),
    ...(id === undefined ? {} : { id }),
    fields,
  }
}
