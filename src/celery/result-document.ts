import { describe } from '../core/errors/checks.ts'
import type { MalformedMessageError } from '../core/errors/errors.ts'
import { type Fields, isFields, jsonIn, malformed, optionalTextIn, orMalformed, textIn } from './fields.ts'
import { elementsOf, membersOf } from './json-parts.ts'
import { parseTime } from './read-json.ts'
import { isoTime } from './iso-time.ts'
import { writeJson } from './write-json.ts'

/**
 * Results as Celery's result backends keep them and as its workers send them to `rpc://`: one JSON object for each call. What is in
 * there beside Celery's own fields makes the same value and the same class of error here; readers elsewhere pass it over.
 *
 * States are not final in there: REVOKED may become SUCCESS, FAILURE may become REVOKED, RETRY may stay for ever. Who waits takes
 * the first that is an end.
 *
 * @module
 */

/** The state of a call and what came of it. */
export interface ResultDocument {
  readonly id: string
  /** Celery's word: SUCCESS, FAILURE, REVOKED, RETRY, STARTED, or a state of the task's own. */
  readonly state: string
  /** JSON, as `encodeValue` writes it: the result, or what is told of a state that is not final. */
  readonly result?: string
  /** JSON, as `encodeFailure` writes it; for FAILURE and REVOKED, and for RETRY where it is known. */
  readonly error?: string
  /** The calls that it has sent, as Celery lists them; null where nobody knows. */
  readonly children?: readonly unknown[] | null
  /** Milliseconds since the epoch; absent for what has not ended. */
  readonly doneAt?: number
  readonly groupId?: string
  readonly parentId?: string
  /** The fields of `result_extended` (name, args, kwargs, worker, retries, queue), and stamps. */
  readonly more?: Fields
}

/** The states that say that something went wrong, and so have an exception in the place of a result. */
const failures: ReadonlySet<string> = new Set(['FAILURE', 'REVOKED', 'RETRY'])

const states: ReadonlyMap<string, 'done' | 'failed' | 'cancelled' | 'pending'> = new Map([
  ['SUCCESS', 'done'],
  ['FAILURE', 'failed'],
  ['REVOKED', 'cancelled'],
  ['RETRY', 'pending'],
  ['PENDING', 'pending'],
  ['RECEIVED', 'pending'],
])

/** The state of a call that has this one in Celery: all that is not known there is said by a running task. */
export function callState(state: string): 'done' | 'failed' | 'cancelled' | 'pending' | 'running' {
  return states.get(state) ?? 'running'
}

const own: ReadonlySet<string> = new Set([
  'status',
  'result',
  'traceback',
  'children',
  'date_done',
  'task_id',
  'group_id',
  'parent_id',
  'skein',
])

/** Writes a document. **Errors**: `SKEIN_UNSENDABLE` for what cannot be written of `more`. */
export function writeResult({ id, state, doneAt, groupId, parentId, ...document }: ResultDocument): string {
  const { result, traceback, skein } =
    document.error === undefined ? valueParts(document.result) : failureParts(document.error)
  const { children = [], more } = document
  const others = more === undefined ? '' : writeJson(more, 'more').json.slice(1, -1)
  return (
    `{"status":${JSON.stringify(state)},"result":${result},"traceback":${traceback}` +
    `,"children":${children === null ? 'null' : writeJson(children, 'children').json}` +
    `,"date_done":${doneAt === undefined ? 'null' : `"${isoTime(doneAt)}"`}` +
    (groupId === undefined ? '' : `,"group_id":${JSON.stringify(groupId)}`) +
    (parentId === undefined ? '' : `,"parent_id":${JSON.stringify(parentId)}`) +
    (others === '' ? '' : `,${others}`) +
    (skein === undefined ? '' : `,"skein":${skein}`) +
    `,"task_id":${JSON.stringify(id)}}`
  )
}

/** The parts of a document that say what came of the call: for everybody, and what only a reader here takes. */
interface Parts {
  readonly result: string
  readonly traceback: string
  readonly skein?: string
}

function valueParts(text = 'null'): Parts {
  if (!text.startsWith('{"__skein__":')) return { result: text, traceback: 'null' }
  const parts = membersOf(text)
  const [value = 'null', marks = '[]'] = [parts.get('__skein__'), parts.get('marks')]
  return { result: value, traceback: 'null', skein: `{"marks":${marks}}` }
}

/** The fields that a failure has in Celery, which knows no others. */
const recordFields = ['exc_type', 'exc_message', 'exc_module']

function failureParts(text: string): Parts {
  const parts = new Map(membersOf(text))
  const record = recordFields.map(name => `${JSON.stringify(name)}:${parts.get(name) ?? 'null'}`)
  const traceback = parts.get('traceback') ?? 'null'
  for (const name of [...recordFields, 'traceback']) parts.delete(name)
  const rest = joined(parts)
  return { result: `{${record.join(',')}}`, traceback, ...(rest === '{}' ? {} : { skein: rest }) }
}

/** An error as Celery can read it: one that a store has written itself has none of the three fields that make an exception in Python. */
export function completeFailure(error: string, isCancelled: boolean): string {
  const parts = partsOf(error)
  if (parts.has('exc_type')) return error
  const source = parts.get('source')
  const why = source === '"expired"' || source === '"deadline"' ? source : '"revoked"'
  const message = parts.get('message') ?? '"The call has failed"'
  const record: readonly (readonly [string, string])[] = isCancelled
    ? [
        ['exc_type', '"TaskRevokedError"'],
        ['exc_message', `[${why}]`],
        ['exc_module', '"celery.exceptions"'],
      ]
    : [
        ['exc_type', '"SkeinError"'],
        ['exc_message', `[${message}]`],
        ['exc_module', '"skein"'],
      ]
  return joined([...record, ...parts])
}

function partsOf(error: string): ReadonlyMap<string, string> {
  try {
    return membersOf(error)
  } catch {
    return new Map([['message', JSON.stringify(error)]])
  }
}

function joined(parts: Iterable<readonly [name: string, text: string]>): string {
  return `{${Array.from(parts, ([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`
}

/** Reads a document of any writer; an error value for one that is wrong. */
export function readResult(text: string): ResultDocument | MalformedMessageError {
  return orMalformed(() => {
    const parts = membersOf(text)
    const field = (name: string): unknown => jsonIn(parts.get(name), name)
    const state = textIn(field('status'), 'status')
    const groupId = optionalTextIn(field('group_id'), 'group_id')
    const parentId = optionalTextIn(field('parent_id'), 'parent_id')
    const children = field('children')
    const doneAt = timeIn(field('date_done'))
    const more: [string, unknown][] = []
    for (const [name, each] of parts) if (!own.has(name)) more.push([name, jsonIn(each, name)])
    return {
      id: textIn(field('task_id'), 'task_id'),
      state,
      ...(failures.has(state) ? failureIn(state, parts) : { result: valueIn(parts) }),
      ...(Array.isArray(children) || children === null ? { children: children as unknown[] | null } : {}),
      ...(doneAt === undefined ? {} : { doneAt }),
      ...(groupId === undefined ? {} : { groupId }),
      ...(parentId === undefined ? {} : { parentId }),
      // From entries, so that a name such as __proto__ is one like any other.
      ...(more.length === 0 ? {} : { more: Object.fromEntries(more) }),
    }
  })
}

function timeIn(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const time = value instanceof Date ? value.getTime() : typeof value === 'string' ? parseTime(value) : undefined
  if (time === undefined) throw malformed(`its date_done must be a time or null, got ${describe(value)}`)
  return time
}

function valueIn(parts: ReadonlyMap<string, string>): string {
  const text = parts.get('result') ?? 'null'
  jsonIn(text, 'result')
  const skein = parts.get('skein')
  const marks = skein === undefined ? undefined : membersOf(skein).get('marks')
  // A value that looks like our wrapping is wrapped itself, so that it is not taken for one.
  if (marks === undefined && !text.includes('"__skein__"')) return text
  return `{"__skein__":${text},"marks":${marks ?? '[]'}}`
}

function failureIn(state: string, parts: ReadonlyMap<string, string>): { readonly error?: string } {
  const text = parts.get('result') ?? 'null'
  const record = jsonIn(text, 'result')
  // Celery writes it for a task that has asked to be tried again and not said why.
  if (record === null && state === 'RETRY') return {}
  const traceback = parts.get('traceback') ?? 'null'
  const skein = parts.get('skein')
  const fields = isFields(record)
    ? recordFields.map(name => [name, membersOf(text).get(name) ?? 'null'] as const)
    : [['exc_type', '"Exception"'] as const, ['exc_message', `[${unsaid(text, state)}]`] as const]
  return { error: joined([...fields, ['traceback', traceback], ...(skein === undefined ? [] : membersOf(skein))]) }
}

function unsaid(text: string, state: string): string {
  return text === 'null' ? `"The record of its end says ${state}, and not what has happened"` : text
}

/** The end of a member of a chord, as it stands in the set by which the members are counted. */
export type ChordPart = Pick<ResultDocument, 'id' | 'state' | 'result' | 'error'>

/** Writes the entry of a member: what only a reader here would take has no place in it. */
export function writeChordPart({ id, state, result, error }: ChordPart): string {
  const parts = error === undefined ? valueParts(result) : failureParts(error)
  return `[1,${JSON.stringify(id)},${JSON.stringify(state)},${parts.result}]`
}

/** Reads the entry of a member; an error value for one that is wrong. */
export function readChordPart(text: string): ChordPart | MalformedMessageError {
  return orMalformed(() => {
    const [version, id, state, result, ...more] = elementsOf(text)
    if (version !== '1' || result === undefined || more.length > 0) {
      throw malformed('the entry of a member of a chord must be [1, id, state, result]')
    }
    const name = textIn(jsonIn(state, 'state'), 'state')
    const parts = new Map([['result', result]])
    return {
      id: textIn(jsonIn(id, 'id'), 'id'),
      state: name,
      ...(failures.has(name) ? failureIn(name, parts) : { result: valueIn(parts) }),
    }
  })
}

/** Writes a group that is to be found again by its id: the ids of its members, in their order. */
export function writeGroup(id: string, members: readonly string[]): string {
  return JSON.stringify({ result: [[id, null], members.map(member => [[member, null], null])] })
}

/** Reads a group that somebody has saved; an error value for one that is wrong. */
export function readGroup(
  text: string,
): { readonly id: string; readonly members: readonly string[] } | MalformedMessageError {
  return orMalformed(() => {
    const [own, members] = listIn(jsonIn(membersOf(text).get('result'), 'result'))
    return { id: idIn(own), members: listIn(members).map(member => idIn(listIn(member)[0])) }
  })
}

function idIn(value: unknown): string {
  return textIn(listIn(value)[0], 'id')
}

function listIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[]
  throw malformed(`the record of a group must be [[id, parent], members], got ${describe(value)}`)
}
