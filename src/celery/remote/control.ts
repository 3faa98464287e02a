import { describe } from '../../core/errors/checks.ts'
import type { MalformedMessageError } from '../../core/errors/errors.ts'
import { type Fields, fieldsIn, isFields, jsonIn, malformed, optionalTextIn, orMalformed, textIn } from '../fields.ts'
import { writeJson } from '../write-json.ts'

/**
 * Celery's remote control on the wire: a command goes to all workers over the exchange `celery.pidbox`, and each that it is meant for
 * answers on `reply.celery.pidbox`, under the address that came with it.
 *
 * @module
 */

/** A command. */
export interface ControlCommand {
  /** `ping`, `revoke`, `stats` … */
  readonly method: string
  readonly arguments: Fields
  /** The workers that it is for, by name. Default: all. */
  readonly destination?: readonly string[]
  /** Those whose name fits, as in a shell (`glob`). One that is a regular expression (`pcre`) is for nobody here: see `isFor`. */
  readonly pattern?: { readonly kind: string; readonly text: string }
  /** The address of the answer; nobody waits for one without it. */
  readonly reply?: { readonly ticket: string; readonly exchange: string; readonly routingKey: string }
  /** Milliseconds since the epoch, after which nobody waits for the answer any more. */
  readonly expires?: number
  /** The clock of its sender; see `EventStamp`. */
  readonly clock?: number
}

/** Headers and body, both JSON. */
export interface ControlMessage {
  readonly headers: string
  readonly body: string
}

/** Reads a command; an error value for one that is wrong. */
export function readCommand({ headers, body }: ControlMessage): ControlCommand | MalformedMessageError {
  return orMalformed(() => {
    const { clock, expires } = fieldsIn(jsonIn(headers, 'headers'), 'headers')
    const fields = fieldsIn(jsonIn(body, 'body'), 'body')
    const { destination = null } = fields
    if (destination !== null && !isNames(destination)) {
      throw malformed(`its destination must be a list of names or null, got ${describe(destination)}`)
    }
    const pattern = optionalTextIn(fields['pattern'], 'pattern')
    const kind = optionalTextIn(fields['matcher'], 'matcher') ?? 'glob'
    const reply = replyIn(fields)
    return {
      method: textIn(fields['method'], 'method'),
      arguments: fieldsIn(fields['arguments'] ?? {}, 'arguments'),
      ...(destination === null ? {} : { destination }),
      ...(pattern === undefined ? {} : { pattern: { kind, text: pattern } }),
      ...(reply === undefined ? {} : { reply }),
      // 0 is never, in older versions.
      ...(typeof expires === 'number' && expires > 0 ? { expires: expires * 1_000 } : {}),
      ...(typeof clock === 'number' ? { clock } : {}),
    }
  })
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}

function replyIn({ reply_to: to, ticket }: Fields): ControlCommand['reply'] {
  if (to === undefined || to === null) return undefined
  const { exchange, routing_key: key } = fieldsIn(to, 'reply_to')
  return {
    ticket: optionalTextIn(ticket, 'ticket') ?? '',
    exchange: optionalTextIn(exchange, 'exchange of reply_to') ?? '',
    routingKey: textIn(key, 'routing_key of reply_to'),
  }
}

/** Writes a command. **Errors**: `SKEIN_UNSENDABLE` for arguments that cannot be written. */
export function writeCommand(command: ControlCommand): ControlMessage {
  const { method, destination, pattern, reply, expires, clock = 0 } = command
  const ticket = reply === undefined ? '' : `,"ticket":${JSON.stringify(reply.ticket)}`
  const to = reply && JSON.stringify({ exchange: reply.exchange, routing_key: reply.routingKey })
  return {
    headers: JSON.stringify({ clock, expires: expires === undefined ? 0 : expires / 1_000 }),
    body:
      `{"method":${JSON.stringify(method)},"arguments":${writeJson(command.arguments, 'arguments').json}` +
      `,"destination":${JSON.stringify(destination ?? null)},"pattern":${JSON.stringify(pattern?.text ?? null)}` +
      `,"matcher":${JSON.stringify(pattern?.kind ?? null)}${ticket}${to === undefined ? '' : `,"reply_to":${to}`}}`,
  }
}

/**
 * True if a worker is to carry a command out: it is for this one, and not too late. A regular expression of somebody else's is not
 * run, since it could hold the worker up for as long as it likes: such a command is for nobody.
 *
 * @param now milliseconds since the epoch
 */
export function isFor({ destination, pattern, expires }: ControlCommand, hostname: string, now: number): boolean {
  if (expires !== undefined && expires < now) return false
  if (destination !== undefined && destination.length > 0) return destination.includes(hostname)
  return pattern === undefined || (pattern.kind === 'glob' && fits(hostname, pattern.text))
}

/** `*` is any text and `?` any character. In a time that grows with both lengths, whatever they are. */
function fits(name: string, pattern: string): boolean {
  let at = 0
  let spot = 0
  let star = -1
  let from = 0
  while (at < name.length) {
    if (pattern[spot] === '*') {
      star = spot++
      from = at
    } else if (spot < pattern.length && (pattern[spot] === '?' || pattern[spot] === name[at])) {
      spot++
      at++
    } else if (star >= 0) {
      spot = star + 1
      at = ++from
    } else return false
  }
  while (pattern[spot] === '*') spot++
  return spot === pattern.length
}

/** Writes the answer of a worker to a command. **Errors**: `SKEIN_UNSENDABLE` for one that cannot be written. */
export function writeReply(ticket: string, hostname: string, clock: number, value: unknown): ControlMessage {
  return {
    headers: JSON.stringify({ ticket, clock }),
    body: writeJson({ [hostname]: value }, 'reply').json,
  }
}

/** The answer of one worker. */
export interface ControlReply {
  readonly ticket?: string
  readonly hostname: string
  readonly value: unknown
}

/** Reads an answer; an error value for one that is wrong. */
export function readReply({ headers, body }: ControlMessage): ControlReply | MalformedMessageError {
  return orMalformed(() => {
    const ticket = optionalTextIn(fieldsIn(jsonIn(headers, 'headers'), 'headers')['ticket'], 'ticket')
    const answers = jsonIn(body, 'body')
    const [answer, ...more] = isFields(answers) ? Object.entries(answers) : []
    if (answer === undefined || more.length > 0) {
      throw malformed(`its body must be an object with the name of one worker and its answer, got ${describe(answers)}`)
    }
    const [hostname, value] = answer
    return { ...(ticket === undefined ? {} : { ticket }), hostname, value }
  })
}
