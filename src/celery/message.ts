import { hostname } from 'node:os'
import { describe } from '../core/errors/checks.ts'
import { InvalidArgumentError, MalformedMessageError } from '../core/errors/errors.ts'
import { messageOf } from '../core/errors/foreign.ts'
import { applyMarks, type MessageEdge } from './marks.ts'
import { argumentsRepr } from './python-repr.ts'
import { parseTime, readJson } from './read-json.ts'
import { isoTime, type WriteEdge, writeJson } from './write-json.ts'

/**
 * The form in which a call travels: Celery's task message, protocol 2. Headers say what is to be run and how; the body is
 * `[args, kwargs, embed]`. For everything else there are headers that begin with `skein_`, which others ignore.
 *
 * @module
 */

/** The retry policy of a job, as far as a message can have it. Times in milliseconds. */
export interface MessageRetries {
  readonly times: number
  /** The wait before the second attempt, or all waits, of which the last one is used again and again. */
  readonly backoff?: number | readonly number[]
  readonly factor?: number
  readonly maxBackoff?: number
  readonly jitter?: number
  /** Codes and names of errors that are never worth another attempt. */
  readonly never?: readonly string[]
}

/** A call, as a message describes it. */
export interface TaskMessage {
  readonly id: string
  /** The name under which workers know the task. */
  readonly task: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  /** `stream` for a call whose values are to be reported one by one. */
  readonly kind: 'run' | 'stream'
  /** Not before this time, milliseconds since the epoch. */
  readonly eta?: number
  /** Not after this time, milliseconds since the epoch. */
  readonly expires?: number
  /** Milliseconds that an attempt may take until it is asked to stop. */
  readonly timeout?: number
  /** Milliseconds from then until it is stopped by force. */
  readonly grace?: number
  readonly retries?: MessageRetries
  /** The number of times that it has been tried again: of use where a store does not count by itself. */
  readonly retried: number
  readonly ignoreResult: boolean
  readonly rootId: string
  readonly parentId?: string
  readonly group?: string
  readonly groupIndex?: number
  /** The way to it from the outermost call of its graph, as `graphPathOf` shows it. */
  readonly path?: string
  /** The places in its arguments that wait for results of other calls. */
  readonly edges?: readonly MessageEdge[]
  /** The sender, for people. */
  readonly origin?: string
  /** The language of the sender: `js`, `py`. */
  readonly lang?: string
  /** Headers that neither Celery nor skein knows. */
  readonly headers: Readonly<Record<string, unknown>>
  /** Callbacks, errbacks, chain and chord, as they came. */
  readonly embed: Readonly<Record<string, unknown>>
}

/** The fields that `encodeMessage` needs; all else has a default. */
export type OutgoingMessage = Pick<TaskMessage, 'id' | 'task' | 'args'> &
  Partial<Omit<TaskMessage, 'edges'>> & {
    /** Says what to write in the place of a Call or a Job among the arguments. */
    readonly edge?: WriteEdge
  }

/** Headers and body as JSON, as a store keeps them. */
export interface EncodedMessage {
  readonly headers: string
  readonly body: string
}

/** The names that a header of the user's own cannot have. */
const reserved: ReadonlySet<string> = new Set([
  'lang',
  'task',
  'id',
  'shadow',
  'eta',
  'expires',
  'group',
  'group_index',
  'retries',
  'timelimit',
  'root_id',
  'parent_id',
  'argsrepr',
  'kwargsrepr',
  'origin',
  'ignore_result',
  'replaced_task_nesting',
  'stamped_headers',
  'stamps',
  'meth',
  'compression',
  'redelivered',
])

const embedded = '{"callbacks":null,"errbacks":null,"chain":null,"chord":null}'
let sender: string | undefined

/**
 * Writes a call as a message.
 *
 * **Errors**: `SKEIN_UNSENDABLE` with the path of an argument that cannot be written; `SKEIN_INVALID_ARGUMENT` for a header
 * whose name is taken.
 */
export function encodeMessage(message: OutgoingMessage): EncodedMessage {
  const {
    id,
    args,
    kwargs,
    eta,
    expires,
    timeout,
    grace = 0,
    group,
    parentId,
    rootId,
    retries,
    headers,
    embed,
  } = message
  const written = writeJson(args, 'arguments', 1, message.edge)
  const named = kwargs === undefined ? undefined : writeJson(kwargs, 'kwargs', 1)
  const idText = JSON.stringify(id)
  // Written by hand, not as an object that is then turned into text: it is the same for each call but for a few places,
  // and a producer makes a hundred thousand of them in a second.
  let text =
    `{"lang":"js","task":${quoted(message.task)},"id":${idText},"shadow":null` +
    `,"eta":${eta === undefined ? 'null' : `"${isoTime(eta)}"`}` +
    `,"expires":${expires === undefined ? 'null' : `"${isoTime(expires)}"`}` +
    `,"group":${group === undefined ? 'null' : JSON.stringify(group)},"group_index":${message.groupIndex ?? 'null'}` +
    `,"retries":${message.retried ?? 0}` +
    `,"timelimit":${timeout === undefined ? '[null,null]' : `[${(timeout + grace) / 1000},${timeout / 1000}]`}` +
    `,"root_id":${rootId === undefined ? idText : JSON.stringify(rootId)}` +
    `,"parent_id":${parentId === undefined ? 'null' : JSON.stringify(parentId)}` +
    `,"argsrepr":${JSON.stringify(argumentsRepr(args))},"kwargsrepr":"{}","origin":${(sender ??= senderText())}` +
    `,"ignore_result":${message.ignoreResult === true},"replaced_task_nesting":0,"stamped_headers":null,"stamps":{}`
  if (written.marks.length > 0) text += `,"skein_marks":${JSON.stringify(written.marks)}`
  if (message.kind === 'stream') text += ',"skein_kind":"stream"'
  if (message.path !== undefined) text += `,"skein_path":${JSON.stringify(message.path)}`
  if (retries) text += `,"skein_retries":${JSON.stringify(retries)}`
  if (headers) text += ownHeaders(headers)
  return {
    headers: `${text}}`,
    body: `[${written.json},${named?.json ?? '{}'},${embed ? writeJson(embed, 'embed', 1).json : embedded}]`,
  }
}

const quotedNames = new Map<string, string>()

/** The name of a task as JSON; a program has few of them. */
function quoted(name: string): string {
  let text = quotedNames.get(name)
  if (text === undefined) {
    if (quotedNames.size >= 1_000) quotedNames.clear()
    quotedNames.set(name, (text = JSON.stringify(name)))
  }
  return text
}

function senderText(): string {
  return JSON.stringify(`gen${process.pid}@${hostname()}`)
}

function ownHeaders(headers: Readonly<Record<string, unknown>>): string {
  for (const name of Object.keys(headers)) checkHeaderName(name)
  const { json, marks } = writeJson(headers, 'headers')
  if (marks.length > 0) {
    throw new InvalidArgumentError(
      `headers.${String(marks[0]?.[1][0] ?? '')} must be plain JSON: strings, numbers, booleans, null, and lists and objects of those`,
    )
  }
  return json === '{}' ? '' : `,${json.slice(1, -1)}`
}

/** Refuses the name of a header that the message needs for itself. Errors: `SKEIN_INVALID_ARGUMENT`. */
function checkHeaderName(name: string): void {
  if (name === '' || reserved.has(name) || name.startsWith('skein_')) {
    throw new InvalidArgumentError(
      `headers cannot have the name ${describe(name)}: it belongs to the message itself. Choose another, as in 'x-${name || 'name'}'.`,
    )
  }
}

/**
 * Reads a message of any writer: protocol 2, protocol 1, or the mixture of both that old senders make.
 *
 * A message that is wrong is not a reason to stop: the result is then an error value that names what is wrong.
 */
export function decodeMessage(headers: string, body: string): TaskMessage | MalformedMessageError {
  try {
    return read(object(parse(headers, 'headers'), 'headers'), parse(body, 'body'))
  } catch (error) {
    if (error instanceof Malformed) return new MalformedMessageError(`The message is malformed: ${error.message}.`)
    const why = messageOf(error)
    return new MalformedMessageError(`The message is malformed: its arguments cannot be made again: ${why}`, {
      cause: error,
    })
  }
}

class Malformed extends Error {}

type Fields = Readonly<Record<string, unknown>>

function parse(text: string, what: string): unknown {
  try {
    return readJson(text)
  } catch (error) {
    throw new Malformed(`its ${what} is not JSON: ${(error as Error).message}`)
  }
}

function read(headers: Fields, body: unknown): TaskMessage {
  // Version 1 has all of it in the body; a mixture has the headers too, and they win.
  const isList = Array.isArray(body)
  if (!isList && (typeof body !== 'object' || body === null)) {
    throw new Malformed(`its body must be [args, kwargs, embed], got ${describe(body)}`)
  }
  const old = isList ? {} : (body as Fields)
  const fields: Fields = isList ? headers : { ...old, ...headers }
  if (isList && (body.length < 2 || body.length > 3)) {
    throw new Malformed(`its body must be [args, kwargs, embed], got an array of ${body.length}`)
  }
  const [rawArgs, rawKwargs, rawEmbed]: unknown[] = isList ? body : [old['args'], old['kwargs'], old]
  const args = rawArgs ?? []
  if (!Array.isArray(args)) throw new Malformed(`its args must be a list, got ${describe(args)}`)
  const kwargs = object(rawKwargs ?? {}, 'kwargs')
  const embed = object(rawEmbed ?? {}, 'embed')
  const marks = headers['skein_marks']
  const id = text(fields['id'], 'id')
  const limits = timeLimit(fields['timelimit'])
  const eta = time(fields['eta'], 'eta')
  const expires = time(fields['expires'], 'expires')
  const retries = retriesOf(headers['skein_retries'])
  const group = optionalText(fields['group'] ?? fields['taskset'], 'group')
  const parentId = optionalText(fields['parent_id'], 'parent_id')
  const origin = optionalText(fields['origin'], 'origin')
  const lang = optionalText(fields['lang'], 'lang')
  const groupIndex = fields['group_index'] ?? undefined
  const path = optionalText(headers['skein_path'], 'skein_path')
  const edges: MessageEdge[] = []
  const values = marks === undefined ? (args as unknown[]) : (applyMarks(args, marks, edges) as unknown[])
  return {
    id,
    task: text(fields['task'], 'task'),
    args: values,
    ...(edges.length === 0 ? {} : { edges }),
    kwargs,
    kind: headers['skein_kind'] === 'stream' ? 'stream' : 'run',
    ...(eta === undefined ? {} : { eta }),
    ...(expires === undefined ? {} : { expires }),
    ...limits,
    ...(retries ? { retries } : {}),
    retried: count(fields['retries'] ?? 0, 'retries'),
    ignoreResult: fields['ignore_result'] === true,
    rootId: optionalText(fields['root_id'], 'root_id') ?? id,
    ...(parentId === undefined ? {} : { parentId }),
    ...(group === undefined ? {} : { group }),
    ...(groupIndex === undefined ? {} : { groupIndex: count(groupIndex, 'group_index') }),
    ...(path === undefined ? {} : { path }),
    ...(origin === undefined ? {} : { origin }),
    ...(lang === undefined ? {} : { lang }),
    headers: foreign(headers),
    embed: isList ? embed : oldEmbed(old),
  }
}

/** The callbacks of version 1 are in its body, beside everything else. */
function oldEmbed(body: Fields): Fields {
  const { callbacks = null, errbacks = null, chord = null } = body
  return { callbacks, errbacks, chain: null, chord }
}

function foreign(headers: Fields): Fields {
  const own: Record<string, unknown> = {}
  for (const name of Object.keys(headers)) {
    if (!reserved.has(name) && !name.startsWith('skein_') && name !== '__proto__') own[name] = headers[name]
  }
  return own
}

function object(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new Malformed(`its ${what} must be an object, got ${describe(value)}`)
}

function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new Malformed(
    value === undefined ? `it has no ${what}` : `its ${what} must be a string, got ${describe(value)}`,
  )
}

function optionalText(value: unknown, what: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw new Malformed(`its ${what} must be a string or null, got ${describe(value)}`)
}

function count(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw new Malformed(`its ${what} must be an integer from 0 up, got ${describe(value)}`)
}

/** A time as ISO text; without an offset it is UTC. Newer senders may write it as a tagged value, which is a Date here. */
function time(value: unknown, what: string): number | undefined {
  if (value === undefined || value === null) return undefined
  const parsed = value instanceof Date ? value.getTime() : typeof value === 'string' ? parseTime(value) : undefined
  if (parsed === undefined) {
    throw new Malformed(
      `its ${what} must be a time such as '2026-11-21T02:56:40.287000+00:00' or null, got ${describe(value)}`,
    )
  }
  return parsed
}

/** `[hard, soft]`, in seconds. A hard limit alone is both: asked to stop, and stopped, at the same moment. */
function timeLimit(value: unknown): Pick<TaskMessage, 'timeout' | 'grace'> {
  if (value === undefined || value === null) return {}
  if (!Array.isArray(value) || value.length !== 2 || !value.every(isLimit)) {
    throw new Malformed(`its timelimit must be [hard, soft] in seconds or null, got ${describe(value)}`)
  }
  const [hard, soft] = value as [number | null, number | null]
  const first = soft ?? hard
  if (first === null) return {}
  const timeout = milliseconds(first)
  return hard === null ? { timeout } : { timeout, grace: Math.max(0, milliseconds(hard) - timeout) }
}

function isLimit(value: unknown): boolean {
  return value === null || (typeof value === 'number' && value >= 0 && Number.isFinite(value))
}

/** Seconds are written as fractions; what was a whole millisecond is one again. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3
}

function retriesOf(value: unknown): MessageRetries | undefined {
  if (value === undefined || value === null) return undefined
  const fields = object(value, 'skein_retries')
  const { times, never } = fields
  const rule: Record<string, unknown> = { times: count(times, 'skein_retries.times') }
  for (const name of ['backoff', 'factor', 'maxBackoff', 'jitter']) {
    const field = fields[name]
    if (field === undefined || field === null) continue
    const isList = name === 'backoff' && Array.isArray(field) && field.length > 0
    if (!(isList ? (field as readonly unknown[]) : [field]).every(each => typeof each === 'number' && each >= 0)) {
      throw new Malformed(`its skein_retries.${name} must be a number from 0 up, got ${describe(field)}`)
    }
    rule[name] = field
  }
  if (never !== undefined && never !== null) {
    if (!Array.isArray(never) || !never.every(each => typeof each === 'string')) {
      throw new Malformed(`its skein_retries.never must be a list of codes and names, got ${describe(never)}`)
    }
    rule['never'] = never
  }
  return rule as unknown as MessageRetries
}
