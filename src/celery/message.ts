import { hostname } from 'node:os'
import { describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { MessageEdge } from './marks.ts'
import { argumentsRepr, valueRepr } from './python-repr.ts'
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
  /** The name that logs and monitors show in place of the task's. */
  readonly shadow?: string
  /** The stamps that it was given on its way, by name. */
  readonly stamps?: Readonly<Record<string, unknown>>
  /** The names of the headers that are stamps. */
  readonly stampedHeaders?: readonly string[]
  /** The number of times that its task has put another one in its own place. */
  readonly replaced?: number
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
export const reserved: ReadonlySet<string> = new Set([
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
  // RabbitMQ says with them which way a message has come; the next one has a way of its own.
  'x-death',
  'x-first-death-exchange',
  'x-first-death-queue',
  'x-first-death-reason',
  'x-last-death-exchange',
  'x-last-death-queue',
  'x-last-death-reason',
  'x-delivery-count',
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
    shadow,
    stamps,
    stampedHeaders,
  } = message
  const written = writeJson(args, 'arguments', 1, message.edge)
  const named = kwargs === undefined ? undefined : writeJson(kwargs, 'kwargs', 1)
  const idText = JSON.stringify(id)
  // Written by hand, not as an object that is then turned into text: it is the same for each call but for a few places,
  // and a producer makes a hundred thousand of them in a second.
  let text =
    `{"lang":"js","task":${quoted(message.task)},"id":${idText},"shadow":${shadow === undefined ? 'null' : JSON.stringify(shadow)}` +
    `,"eta":${eta === undefined ? 'null' : `"${isoTime(eta)}"`}` +
    `,"expires":${expires === undefined ? 'null' : `"${isoTime(expires)}"`}` +
    `,"group":${group === undefined ? 'null' : JSON.stringify(group)},"group_index":${message.groupIndex ?? 'null'}` +
    `,"retries":${message.retried ?? 0}` +
    `,"timelimit":${timeout === undefined ? '[null,null]' : `[${(timeout + grace) / 1000},${timeout / 1000}]`}` +
    `,"root_id":${rootId === undefined ? idText : JSON.stringify(rootId)}` +
    `,"parent_id":${parentId === undefined ? 'null' : JSON.stringify(parentId)}` +
    `,"argsrepr":${JSON.stringify(argumentsRepr(args))}` +
    `,"kwargsrepr":${kwargs === undefined ? '"{}"' : JSON.stringify(valueRepr(kwargs))},"origin":${(sender ??= senderText())}` +
    `,"ignore_result":${message.ignoreResult === true},"replaced_task_nesting":${message.replaced ?? 0}` +
    `,"stamped_headers":${stampedHeaders === undefined ? 'null' : JSON.stringify(stampedHeaders)}` +
    `,"stamps":${stamps === undefined ? '{}' : writeJson(stamps, 'stamps').json}`
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
