import { isUtf8 } from 'node:buffer'
import { describe } from '../core/errors/checks.ts'
import type { MalformedMessageError } from '../core/errors/errors.ts'
import { textOf } from './content.ts'
import { type Fields, fieldsIn, isFields, jsonIn, malformed, optionalTextIn, orMalformed } from './fields.ts'
import { elementsOf, membersOf } from './json-parts.ts'

/**
 * The form in which kombu puts a message into Redis, which knows nothing but strings: one JSON object with the headers, the
 * properties that an AMQP message would have, and the body as base64. Task messages, events, commands of remote control and their
 * replies all travel in it.
 *
 * @module
 */

/** The properties of a message, beside its headers. Those that are missing were not given. */
interface MessageProperties {
  /** Of a task message: its id. */
  readonly correlationId?: string
  /** The address of the program that sent it. */
  readonly replyTo?: string
  /** Any integer: which list of Redis it belongs to is found by clamping it, and it is kept as it is. Default: 0. */
  readonly priority: number
  readonly exchange: string
  readonly routingKey: string
  /** The name under which it is kept until it is acknowledged. */
  readonly deliveryTag?: string
  /** It was taken before, and put back. */
  readonly redelivered: boolean
  /** Milliseconds, when it was sent, until it has no use any more. */
  readonly expiration?: number
}

/** A message as it was found in Redis. */
export interface Envelope {
  /** JSON object: the headers, as they stand there. */
  readonly headers: string
  /** The body as text, or why it cannot be read: who it is for is known all the same. */
  readonly body: string | MalformedMessageError
  readonly properties: MessageProperties
}

/**
 * Reads a message out of Redis.
 *
 * One that is wrong is not a reason to stop: the result is then an error value that says what is wrong with it.
 *
 * @param largest the most bytes that a compressed body may become. Default: 64 MiB
 */
export function readEnvelope(text: string, largest?: number): Envelope | MalformedMessageError {
  return orMalformed(() => {
    const parts = membersOf(text)
    const headers = parts.get('headers') ?? '{}'
    const properties = fieldsIn(jsonIn(parts.get('properties') ?? '{}', 'properties'), 'properties')
    const body = orMalformed(() => bodyOf(parts, properties, headers, largest))
    return { headers, body, properties: propertiesOf(properties) }
  })
}

function bodyOf(
  parts: ReadonlyMap<string, string>,
  properties: Fields,
  headers: string,
  largest: number | undefined,
): string {
  const said = (name: string): string | undefined => optionalTextIn(jsonIn(parts.get(name), name), name)
  const body = said('body')
  if (body === undefined) throw malformed('it has no body')
  const encoding = optionalTextIn(properties['body_encoding'], 'body_encoding')
  if (encoding !== undefined && encoding !== 'base64') throw malformed(`its body_encoding is ${describe(encoding)}`)
  return textOf(
    {
      // As it is without an encoding, for senders that leave it out.
      bytes: Buffer.from(body, encoding ?? 'utf8'),
      type: said('content-type'),
      encoding: said('content-encoding'),
      compression: compressionOf(headers),
    },
    largest,
  )
}

function compressionOf(headers: string): string | undefined {
  return headers.includes('compression')
    ? optionalTextIn(fieldsIn(jsonIn(headers, 'headers'), 'headers')['compression'], 'compression')
    : undefined
}

function propertiesOf(fields: Fields): MessageProperties {
  const info = fields['delivery_info'] ?? {}
  if (!isFields(info)) throw malformed(`its delivery_info must be an object, got ${describe(info)}`)
  const correlationId = optionalTextIn(fields['correlation_id'], 'correlation_id')
  const replyTo = optionalTextIn(fields['reply_to'], 'reply_to')
  const deliveryTag = optionalTextIn(fields['delivery_tag'], 'delivery_tag')
  const expiration = expirationOf(fields['expiration'])
  const priority = fields['priority'] ?? 0
  return {
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(replyTo === undefined ? {} : { replyTo }),
    // Of no meaning but for the order, so nothing is refused because of it.
    priority: Number.isSafeInteger(priority) ? (priority as number) : 0,
    exchange: optionalTextIn(info['exchange'], 'exchange') ?? '',
    routingKey: optionalTextIn(info['routing_key'], 'routing_key') ?? '',
    ...(deliveryTag === undefined ? {} : { deliveryTag }),
    redelivered: info['redelivered'] === true,
    ...(expiration === undefined ? {} : { expiration }),
  }
}

/** Written as a string of digits. Only brokers look at it, a worker looks at the header `expires`: nothing is refused for its sake. */
function expirationOf(given: unknown): number | undefined {
  const time = typeof given === 'string' && given !== '' ? Number(given) : given
  return typeof time === 'number' && time >= 0 && Number.isFinite(time) ? time : undefined
}

/** A message on its way into Redis. */
export interface OutgoingEnvelope {
  /** JSON object. */
  readonly headers: string
  /** JSON. */
  readonly body: string
  /** Empty for the queue that is named by the routing key. */
  readonly exchange: string
  readonly routingKey: string
  /** Unique: a UUID. */
  readonly deliveryTag: string
  readonly correlationId?: string
  readonly replyTo?: string
  /** Milliseconds until it has no use any more. */
  readonly expiration?: number
  /** Default: 0. */
  readonly priority?: number
  /** False for what is of use only at once: events and replies. Default: true. */
  readonly durable?: boolean
  /** It was taken before, and is put back. Default: false. */
  readonly redelivered?: boolean
}

/** Writes a message as kombu does. */
export function writeEnvelope(message: OutgoingEnvelope): string {
  const { headers, body, exchange, routingKey, correlationId, replyTo, expiration, priority = 0 } = message
  // By hand, since headers and body are JSON already, and a producer makes a hundred thousand of them in a second.
  return (
    `{"body":"${Buffer.from(body, 'utf8').toString('base64')}","content-encoding":"utf-8","content-type":"application/json"` +
    `,"headers":${headers},"properties":{` +
    (correlationId === undefined ? '' : `"correlation_id":${JSON.stringify(correlationId)},`) +
    (replyTo === undefined ? '' : `"reply_to":${JSON.stringify(replyTo)},`) +
    `"delivery_mode":${message.durable === false ? 1 : 2}` +
    (expiration === undefined ? '' : `,"expiration":"${Math.max(0, Math.trunc(expiration))}"`) +
    `,"delivery_info":{"exchange":${JSON.stringify(exchange)},"routing_key":${JSON.stringify(routingKey)}` +
    `${message.redelivered === true ? ',"redelivered":true' : ''}}` +
    `,"priority":${priority},"body_encoding":"base64","delivery_tag":${JSON.stringify(message.deliveryTag)}}}`
  )
}

/**
 * The headers and the body of a message that `writeEnvelope` has written, for a reader that needs no more; undefined for every other one, and
 * for one that may be compressed. That is known by the text around them: a worker takes tens of thousands of them in a second.
 */
export function readOwnEnvelope(text: string): { readonly headers: string; readonly body: string } | undefined {
  const bodyEnd = text.startsWith(ahead) ? text.indexOf('"', ahead.length) : -1
  const end = text.lastIndexOf(behind)
  if (bodyEnd < 0 || end < 0 || !text.startsWith(between, bodyEnd) || !ownProperties.test(text.slice(end)))
    return undefined
  const headers = text.slice(bodyEnd + between.length, end)
  if (headers.includes('compression')) return undefined
  const bytes = Buffer.from(text.slice(ahead.length, bodyEnd), 'base64')
  return isUtf8(bytes) ? { headers, body: bytes.toString('utf8') } : undefined
}

const ahead = '{"body":"'
const between = '","content-encoding":"utf-8","content-type":"application/json","headers":'
const behind = ',"properties":{"correlation_id":'
const ownProperties =
  /^,"properties":\{"correlation_id":"[^"\\]*",(?:"reply_to":"[^"\\]*",)?"delivery_mode":2,(?:"expiration":"\d+",)?"delivery_info":\{"exchange":"","routing_key":"[^"\\]*"\},"priority":\d+,"body_encoding":"base64","delivery_tag":"[^"\\]*"\}\}$/

/** A message that somebody has taken and not acknowledged, as kombu keeps it in the hash `unacked`: so any worker can put it back. */
export interface Unacknowledged {
  /** The message as it stood in the list. */
  readonly envelope: string
  readonly exchange: string
  readonly routingKey: string
}

/** Writes the entry of a message that was taken. */
export function writeUnacknowledged({ envelope, exchange, routingKey }: Unacknowledged): string {
  return `[${envelope},${JSON.stringify(exchange)},${JSON.stringify(routingKey)}]`
}

/** Reads the entry of a message that was taken; an error value for one that is wrong. */
export function readUnacknowledged(text: string): Unacknowledged | MalformedMessageError {
  return orMalformed(() => {
    const [envelope, exchange, routingKey, ...more] = elementsOf(text)
    if (envelope === undefined || routingKey === undefined || more.length > 0) {
      throw malformed('the entry of a message that was taken must be [message, exchange, routing key]')
    }
    return {
      envelope,
      exchange: optionalTextIn(jsonIn(exchange, 'exchange'), 'exchange') ?? '',
      routingKey: optionalTextIn(jsonIn(routingKey, 'routing key'), 'routing key') ?? '',
    }
  })
}
