import { InvalidArgumentError } from '../core/errors/errors.ts'
import { checkHeaderName, writeHeaders } from './headers.ts'
import type { MessageEdge } from './marks.ts'
import { checkPlain } from './plain.ts'
import { argumentsRepr, valueRepr } from './python-repr.ts'
import { type WriteEdge, writeJson } from './write-json.ts'

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
    /** For a reader in another language: nothing is in the message that only one here makes something of, or it is refused. */
    readonly plain?: true
  }

/** Headers and body as JSON, as a store keeps them. */
export interface EncodedMessage {
  readonly headers: string
  readonly body: string
}

const embedded = '{"callbacks":null,"errbacks":null,"chain":null,"chord":null}'

/**
 * Writes a call as a message.
 *
 * **Errors**: `SKEIN_UNSENDABLE` with the path of an argument that cannot be written; `SKEIN_INVALID_ARGUMENT` for a header
 * whose name is taken.
 */
export function encodeMessage(message: OutgoingMessage): EncodedMessage {
  const { args, kwargs, embed, retries, stamps } = message
  const written = writeJson(args, 'arguments', 1, message.edge)
  const named = kwargs === undefined ? undefined : writeJson(kwargs, 'kwargs', 1)
  if (message.plain) {
    checkPlain(written, 'arguments')
    if (named !== undefined) checkPlain(named, 'kwargs')
  }
  const headers = writeHeaders(message, {
    argsrepr: argumentsRepr(args),
    kwargsrepr: kwargs === undefined ? '{}' : valueRepr(kwargs),
    stamps: stamps && writeJson(stamps, 'stamps').json,
    marks: written.marks.length > 0 && !message.plain ? JSON.stringify(written.marks) : undefined,
    retries: retries && JSON.stringify(retries),
    own: message.headers === undefined ? '' : ownHeaders(message.headers),
  })
  return {
    headers,
    body: `[${written.json},${named?.json ?? '{}'},${embed ? writeJson(embed, 'embed', 1).json : embedded}]`,
  }
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
