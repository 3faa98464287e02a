import { describe } from '../core/errors/checks.ts'
import { MalformedMessageError } from '../core/errors/errors.ts'
import { messageOf } from '../core/errors/foreign.ts'
import { type Fields, fieldsIn, isFields, jsonIn, malformed, optionalTextIn, textIn } from './fields.ts'
import { applyMarks, type MessageEdge } from './marks.ts'
import { isReserved } from './headers.ts'
import type { MessageRetries, TaskMessage } from './message.ts'
import { parseTime } from './read-json.ts'

/**
 * Reads a message of any writer: protocol 2, protocol 1, or the mixture of both that old senders make.
 *
 * A message that is wrong is not a reason to stop: the result is then an error value that names what is wrong.
 */
export function decodeMessage(headers: string, body: string): TaskMessage | MalformedMessageError {
  try {
    return read(fieldsIn(jsonIn(headers, 'headers'), 'headers'), jsonIn(body, 'body'))
  } catch (error) {
    if (error instanceof MalformedMessageError) return error
    return malformed(`its arguments cannot be made again: ${messageOf(error)}`, error)
  }
}

function read(headers: Fields, body: unknown): TaskMessage {
  // Version 1 has all of it in the body; a mixture has the headers too, and they win.
  const isList = Array.isArray(body)
  if (!isList && !isFields(body)) {
    throw malformed(`its body must be [args, kwargs, embed], got ${describe(body)}`)
  }
  const old = isList ? {} : body
  const fields: Fields = isList ? headers : { ...old, ...headers }
  if (isList && (body.length < 2 || body.length > 3)) {
    throw malformed(`its body must be [args, kwargs, embed], got an array of ${body.length}`)
  }
  const [rawArgs, rawKwargs, rawEmbed]: unknown[] = isList ? body : [old['args'], old['kwargs'], old]
  const args = rawArgs ?? []
  if (!Array.isArray(args)) throw malformed(`its args must be a list, got ${describe(args)}`)
  const kwargs = fieldsIn(rawKwargs ?? {}, 'kwargs')
  const embed = fieldsIn(rawEmbed ?? {}, 'embed')
  const marks = headers['skein_marks']
  const id = textIn(fields['id'], 'id')
  const limits = timeLimit(fields['timelimit'])
  const eta = time(fields['eta'], 'eta')
  const expires = time(fields['expires'], 'expires')
  const retries = retriesOf(headers['skein_retries'])
  const group = optionalTextIn(fields['group'] ?? fields['taskset'], 'group')
  const parentId = optionalTextIn(fields['parent_id'], 'parent_id')
  const origin = optionalTextIn(fields['origin'], 'origin')
  const lang = optionalTextIn(fields['lang'], 'lang')
  const groupIndex = fields['group_index'] ?? undefined
  const shadow = optionalTextIn(fields['shadow'], 'shadow')
  const replaced = count(fields['replaced_task_nesting'] ?? 0, 'replaced_task_nesting')
  const path = optionalTextIn(headers['skein_path'], 'skein_path')
  const edges: MessageEdge[] = []
  const values = marks === undefined ? (args as unknown[]) : (applyMarks(args, marks, edges) as unknown[])
  return {
    id,
    task: textIn(fields['task'], 'task'),
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
    rootId: optionalTextIn(fields['root_id'], 'root_id') ?? id,
    ...(parentId === undefined ? {} : { parentId }),
    ...(group === undefined ? {} : { group }),
    ...(groupIndex === undefined ? {} : { groupIndex: count(groupIndex, 'group_index') }),
    ...(shadow === undefined ? {} : { shadow }),
    ...stampsOf(fields),
    ...(replaced === 0 ? {} : { replaced }),
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

function stampsOf(fields: Fields): Pick<TaskMessage, 'stamps' | 'stampedHeaders'> {
  const names = fields['stamped_headers'] ?? undefined
  const stamps = fieldsIn(fields['stamps'] ?? {}, 'stamps')
  if (names !== undefined && !(Array.isArray(names) && names.every(each => typeof each === 'string'))) {
    throw malformed(`its stamped_headers must be a list of names or null, got ${describe(names)}`)
  }
  return {
    ...(Object.keys(stamps).length === 0 ? {} : { stamps }),
    ...(names === undefined ? {} : { stampedHeaders: names as string[] }),
  }
}

function foreign(headers: Fields): Fields {
  const own: Record<string, unknown> = {}
  for (const name of Object.keys(headers)) {
    if (!isReserved(name) && name !== '__proto__') own[name] = headers[name]
  }
  return own
}

function count(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw malformed(`its ${what} must be an integer from 0 up, got ${describe(value)}`)
}

/** A time as ISO text; without an offset it is UTC. Newer senders may write it as a tagged value, which is a Date here. */
function time(value: unknown, what: string): number | undefined {
  if (value === undefined || value === null) return undefined
  const parsed = value instanceof Date ? value.getTime() : typeof value === 'string' ? parseTime(value) : undefined
  if (parsed === undefined) {
    throw malformed(
      `its ${what} must be a time such as '2026-11-21T02:56:40.287000+00:00' or null, got ${describe(value)}`,
    )
  }
  return parsed
}

/** `[hard, soft]`, in seconds. A hard limit alone is both: asked to stop, and stopped, at the same moment. */
function timeLimit(value: unknown): Pick<TaskMessage, 'timeout' | 'grace'> {
  if (value === undefined || value === null) return {}
  if (!Array.isArray(value) || value.length !== 2 || !value.every(isLimit)) {
    throw malformed(`its timelimit must be [hard, soft] in seconds or null, got ${describe(value)}`)
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
  const fields = fieldsIn(value, 'skein_retries')
  const { times, never } = fields
  const rule: Record<string, unknown> = { times: count(times, 'skein_retries.times') }
  for (const name of ['backoff', 'factor', 'maxBackoff', 'jitter']) {
    const field = fields[name]
    if (field === undefined || field === null) continue
    const isList = name === 'backoff' && Array.isArray(field) && field.length > 0
    if (!(isList ? (field as readonly unknown[]) : [field]).every(each => typeof each === 'number' && each >= 0)) {
      throw malformed(`its skein_retries.${name} must be a number from 0 up, got ${describe(field)}`)
    }
    rule[name] = field
  }
  if (never !== undefined && never !== null) {
    if (!Array.isArray(never) || !never.every(each => typeof each === 'string')) {
      throw malformed(`its skein_retries.never must be a list of codes and names, got ${describe(never)}`)
    }
    rule['never'] = never
  }
  return rule as unknown as MessageRetries
}
