import { randomUUID } from 'node:crypto'
import { readEnvelope, readOwnEnvelope, writeEnvelope } from '../../../celery/envelope.ts'
import { membersOf } from '../../../celery/json-parts.ts'
import { parseTime } from '../../../celery/read-json.ts'
import { MalformedMessageError } from '../../../core/errors/errors.ts'
import type { OutgoingCall } from '../../roles/calls.ts'

/** The header with the headers of a call that lack what a worker in Python cannot do without: as they were given. */
const bareHeader = 'skein_bare'

/**
 * Writes a call as kombu has it in a list. Its task and its id are among the headers, whatever those are: a worker in Python may end
 * over a message without them.
 *
 * @param replyTo who sends it: the queue to which Celery's result backend `rpc://` would answer
 */
export function messageOf(call: OutgoingCall, replyTo: string): { readonly text: string; readonly tag: string } {
  const { id, queue, body, expires, priority } = call
  const tag = randomUUID()
  const text = writeEnvelope({
    headers: call.counts === undefined ? headersOf(call) : withResult(headersOf(call)),
    body,
    exchange: '',
    routingKey: queue,
    deliveryTag: tag,
    correlationId: id,
    replyTo,
    ...(priority === 0 ? {} : { priority }),
    ...(expires === undefined ? {} : { expiration: expires }),
  })
  return { text, tag }
}

function headersOf({ id, task, headers }: OutgoingCall): string {
  if (headers.startsWith('{"lang":"js","task":"')) return headers
  const parts = partsOf(headers)
  if (stringIn(parts, 'task') === task && stringIn(parts, 'id') === id) return headers
  return `{"lang":"js","task":${JSON.stringify(task)},"id":${JSON.stringify(id)},"${bareHeader}":${JSON.stringify(headers)}}`
}

/** The headers of a call whose end others wait for: a worker in Python writes nothing of that but the result. */
function withResult(headers: string): string {
  return headers.replace('"ignore_result":true', '"ignore_result":false')
}

/** A message that was taken out of a list, as far as it takes to hand it over. */
export interface Delivery {
  readonly headers: string
  readonly body: string
  /** The name of its task; empty where it has none. */
  readonly task: string
  /** Not before this time, milliseconds since the Unix epoch. */
  readonly eta: number | undefined
  /** Not after this time. */
  readonly expires: number | undefined
}

/**
 * Reads a message of any writer.
 *
 * @param most the most bytes that its body may have once it is unpacked
 */
export function deliveryOf(text: string, most: number): Delivery | MalformedMessageError {
  const own = readOwnEnvelope(text)
  const task = own && plainHeaders.exec(own.headers)?.[1]
  if (own && task !== undefined) return { ...own, task, eta: undefined, expires: undefined }
  const envelope = readEnvelope(text, most)
  if (envelope instanceof MalformedMessageError) return envelope
  const { headers, body } = envelope
  if (body instanceof MalformedMessageError) return body
  const named = partsOf(headers)
  // Version 1 has all of it in the body.
  const fields = named.has('task') ? named : partsOf(body)
  return {
    headers: stringIn(named, bareHeader) ?? headers,
    body,
    task: stringIn(fields, 'task') ?? '',
    eta: timeIn(fields, 'eta'),
    expires: timeIn(fields, 'expires'),
  }
}

/** The beginning of the headers that `encodeMessage` writes for a call that is to run at once, whenever that is. */
const plainHeaders = /^\{"lang":"js","task":"([^"\\]+)","id":"[^"\\]+","shadow":null,"eta":null,"expires":null,/

function partsOf(text: string): ReadonlyMap<string, string> {
  try {
    return membersOf(text)
  } catch {
    return new Map() // for the worker to refuse, who reads the whole of it
  }
}

function stringIn(parts: ReadonlyMap<string, string>, name: string): string | undefined {
  const text = parts.get(name)
  if (text?.startsWith('"') !== true) return undefined
  try {
    return JSON.parse(text) as string
  } catch {
    return undefined
  }
}

function timeIn(parts: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = stringIn(parts, name)
  return text === undefined ? undefined : parseTime(text)
}
