import { hostname } from 'node:os'
import { describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { isoTime } from './iso-time.ts'

/** The fields of a message that its headers have, as `TaskMessage` has them; all but the first two have a default. */
export interface HeaderFields {
  readonly id: string
  readonly task: string
  /** The language of the one who has thought it up. Default: `js`. */
  readonly language?: string
  readonly shadow?: string
  readonly eta?: number
  readonly expires?: number
  readonly timeout?: number
  readonly grace?: number
  readonly group?: string
  readonly groupIndex?: number
  readonly parentId?: string
  readonly rootId?: string
  readonly retried?: number
  readonly replaced?: number
  readonly ignoreResult?: boolean
  readonly stampedHeaders?: readonly string[]
  readonly kind?: 'run' | 'stream'
  readonly path?: string
}

/** The parts of the headers that are written elsewhere. */
export interface HeaderParts {
  /** The arguments, for people. */
  readonly argsrepr: string
  readonly kwargsrepr: string
  /** JSON. */
  readonly stamps: string | undefined
  /** JSON. */
  readonly marks: string | undefined
  /** JSON. */
  readonly retries: string | undefined
  /** Those of the user's own, as JSON with a comma before each; empty for none. */
  readonly own: string
}

let sender: string | undefined

/** Writes the headers of a message. */
export function writeHeaders(message: HeaderFields, parts: HeaderParts): string {
  const { id, eta, expires, timeout, grace = 0, group, parentId, rootId, shadow, stampedHeaders } = message
  const { argsrepr, kwargsrepr, stamps = '{}', marks, retries, own } = parts
  const idText = JSON.stringify(id)
  // Written by hand, not as an object that is then turned into text: it is the same for each call but for a few places,
  // and a producer makes a hundred thousand of them in a second.
  let text =
    `{"lang":${message.language === undefined ? '"js"' : JSON.stringify(message.language)},"task":${quoted(message.task)},"id":${idText},"shadow":${shadow === undefined ? 'null' : JSON.stringify(shadow)}` +
    `,"eta":${eta === undefined ? 'null' : `"${isoTime(eta)}"`}` +
    `,"expires":${expires === undefined ? 'null' : `"${isoTime(expires)}"`}` +
    `,"group":${group === undefined ? 'null' : JSON.stringify(group)},"group_index":${message.groupIndex ?? 'null'}` +
    `,"retries":${message.retried ?? 0}` +
    `,"timelimit":${timeout === undefined ? '[null,null]' : `[${(timeout + grace) / 1000},${timeout / 1000}]`}` +
    `,"root_id":${rootId === undefined ? idText : JSON.stringify(rootId)}` +
    `,"parent_id":${parentId === undefined ? 'null' : JSON.stringify(parentId)}` +
    `,"argsrepr":${JSON.stringify(argsrepr)}` +
    `,"kwargsrepr":${kwargsrepr === '{}' ? '"{}"' : JSON.stringify(kwargsrepr)},"origin":${(sender ??= senderText())}` +
    `,"ignore_result":${message.ignoreResult === true},"replaced_task_nesting":${message.replaced ?? 0}` +
    `,"stamped_headers":${stampedHeaders === undefined ? 'null' : JSON.stringify(stampedHeaders)},"stamps":${stamps}`
  if (marks !== undefined) text += `,"skein_marks":${marks}`
  if (message.kind === 'stream') text += ',"skein_kind":"stream"'
  if (message.path !== undefined) text += `,"skein_path":${JSON.stringify(message.path)}`
  if (retries !== undefined) text += `,"skein_retries":${retries}`
  return `${text}${own}}`
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

/** True for a header that belongs to the message itself. */
export function isReserved(name: string): boolean {
  return reserved.has(name) || name.startsWith('skein_')
}

/** Refuses the name of a header that the message needs for itself. Errors: `SKEIN_INVALID_ARGUMENT`. */
export function checkHeaderName(name: string): void {
  if (name === '' || isReserved(name)) {
    throw new InvalidArgumentError(
      `headers cannot have the name ${describe(name)}: it belongs to the message itself. Choose another, as in 'x-${name || 'name'}'.`,
    )
  }
}
