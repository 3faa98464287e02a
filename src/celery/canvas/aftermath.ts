import { shownException } from '../exception.ts'
import { fieldsIn, jsonIn } from '../fields.ts'
import { elementsOf, membersOf } from '../json-parts.ts'
import type { Mark } from '../marks.ts'
import { completeFailure, writeChordPart } from '../result-document.ts'
import { MalformedMessageError } from '../../core/errors/errors.ts'
import type { FirstValues, CanvasCall } from './canvas-call.ts'
import { membersOf as callsIn, stepsOf } from './freeze.ts'
import { fieldsOf, given, nameIn, plainIn, type RawSignature, readSignature, signaturesIn } from './signature.ts'
import { type StartedChord, Unfolding } from './unfold.ts'

/**
 * The things that Celery's message of a call asks for when that has ended: the calls that follow it, that it is counted in its chord, and that those
 * who wait for a call that will never run are told so.
 *
 * @module
 */

/** A call, with its message. */
export interface EndedCall {
  readonly id: string
  readonly queue: string
  readonly headers: string
  readonly body: string
}

/** The end of a call. Texts are JSON, as `encodeValue` and `encodeFailure` write it. */
export type CallEnd =
  | { readonly state: 'done'; readonly result: string }
  | { readonly state: 'failed' | 'dead' | 'cancelled'; readonly error: string }

/** A member of a chord that has ended. */
export interface CountedPart {
  readonly group: string
  /** The place of its result in the list of all. */
  readonly score: string
  readonly id: string
  /** As `writeChordPart` writes it. */
  readonly entry: string
  /** The rest of the chord, to be done when all have ended, for `aftermathOfChord`. */
  readonly chord: string
}

/** A call that will never run, since one before it has ended otherwise than as done. */
export interface NeverRun {
  readonly id: string
  readonly state: 'failed' | 'cancelled'
  readonly error: string
  readonly group?: string
}

/** All that the end of a call leads to. */
export interface Aftermath {
  readonly calls: readonly CanvasCall[]
  readonly chords: readonly StartedChord[]
  readonly parts: readonly CountedPart[]
  readonly never: readonly NeverRun[]
  /** The calls among them that are its children, as Celery writes them down: JSON. */
  readonly children: string
}

/** Things that the one who asks decides. */
export interface FollowingTerms {
  /** Makes an id for a call that has none. */
  readonly newId: () => string
  /** True for a task that this program knows. A call of another one, whose signature names no queue, goes to Celery's own. */
  readonly knows?: (task: string) => boolean
}

/** The queue of Celery where nobody names another. */
const celeryQueue = 'celery'

const nothing: Aftermath = { calls: [], chords: [], parts: [], never: [], children: '[]' }

/**
 * Makes all that follows the end of a call.
 *
 * **Errors**: `SKEIN_MALFORMED_MESSAGE` for what cannot be read, `SKEIN_INVALID_ARGUMENT` for a header whose name is taken, and JsonError.
 */
export function aftermathOf(call: EndedCall, end: CallEnd, terms: FollowingTerms): Aftermath {
  // All that are written here and have nothing behind them end so.
  if (noneFollow.some(each => call.body.endsWith(each))) return nothing
  const embed = embedIn(call.body)
  const headers = fieldsOf(call.headers)
  const writer = new Writer(call, headers, terms, false)
  const error = end.state === 'done' ? undefined : end.error
  if (error === undefined) {
    const first = firstOf((end as { readonly result: string }).result)
    for (const each of signaturesIn(embed.get('callbacks'))) writer.unfolding.send(readSignature(each), first, [])
    const chain = signaturesIn(embed.get('chain'))
    const next = chain.at(-1)
    if (next !== undefined) writer.unfolding.send(readSignature(next), first, chain.slice(0, -1))
  } else {
    const state = end.state === 'cancelled' ? 'cancelled' : 'failed'
    for (const each of [...signaturesIn(embed.get('chain'))].reverse()) writer.fail(readSignature(each), state, error)
    if (state === 'failed') writer.tell(call.id, signaturesIn(embed.get('errbacks')))
  }
  const chord = given(embed.get('chord'))
  const group = nameIn(headers.get('group'))
  if (chord !== undefined && group !== undefined) {
    readSignature(chord)
    writer.count(call.id, group, headers.get('group_index'), chord, partEnd(end))
  }
  return writer.aftermath()
}

const noneFollow = [null, '[]'].map(each => `{"callbacks":null,"errbacks":null,"chain":${each},"chord":null}]`)

/** The chord of a message, in the form in which it waits for the last of its members. */
interface WaitingChord {
  readonly body: string
  readonly queue: string
  readonly lang: string
  readonly rootId: string
  readonly parentId: string
  /** The tasks in there that the one knows who has counted the last member. */
  readonly known: readonly string[]
}

/**
 * Makes all that follows when the last member of a chord has ended.
 *
 * @param text as a part has it
 * @param entries those of all members, in the order of their results
 * @param saved the record of the group, where the body gets its results by that, and the documents of calls that are named in there
 * @returns `failed` where the body does not run
 */
export function aftermathOfChord(
  text: string,
  entries: readonly string[],
  { newId }: Pick<FollowingTerms, 'newId'>,
  saved?: { readonly record: string; readonly results: ReadonlyMap<string, string> },
): Aftermath & { readonly failed: boolean } {
  const { body, queue, lang, rootId, parentId, known } = JSON.parse(text) as WaitingChord
  const headers = new Map([
    ['root_id', JSON.stringify(rootId)],
    ['lang', JSON.stringify(lang)],
  ])
  const tasks = new Set(known)
  const writer = new Writer({ id: parentId, queue }, headers, { newId, knows: task => tasks.has(task) }, true)
  const callback = readSignature(body)
  const parts = entries.map(entry => elementsOf(entry))
  const wrong = parts.find(([, , state]) => state === '"FAILURE"' || state === '"REVOKED"')
  if (wrong === undefined) {
    const results = saved === undefined ? `[${parts.map(part => part[3] ?? 'null').join(',')}]` : joined(saved)
    if (results !== undefined) {
      writer.unfolding.send(callback, { args: [results], marks: [] }, [])
      return { ...writer.aftermath(), failed: false }
    }
  }
  const [, id = '""', , record = '{}'] = wrong ?? []
  const why =
    wrong === undefined
      ? 'Join error: the result of a member is not kept any more'
      : `Dependency ${String(plainIn(id))} raised ${shownException(recordIn(record))}`
  writer.failChord(callback, chordError(why), wrong === undefined ? undefined : record)
  return { ...writer.aftermath(), failed: true }
}

function recordIn(text: string): Readonly<Record<string, unknown>> {
  try {
    return fieldsIn(jsonIn(text, 'result'), 'result')
  } catch {
    return { exc_message: text }
  }
}

function chordError(message: string): string {
  return `{"exc_type":"ChordError","exc_message":[${JSON.stringify(message)}],"exc_module":"celery.exceptions","traceback":null}`
}

/** The results of a group whose members have results that are lists, or lists of lists; undefined where one is not there. */
function joined(saved: { readonly record: string; readonly results: ReadonlyMap<string, string> }): string | undefined {
  let missing = false
  const valueOf = (tree: string): string => {
    const [own = '[]', members = 'null'] = elementsOf(tree)
    if (members !== 'null') return `[${elementsOf(members).map(valueOf).join(',')}]`
    const document = saved.results.get(nameIn(elementsOf(own)[0]) ?? '')
    const fields = fieldsOf(document)
    if (fields.get('status') !== '"SUCCESS"') missing = true
    return fields.get('result') ?? 'null'
  }
  const [, members = '[]'] = elementsOf(membersOf(saved.record).get('result') ?? '[]')
  const results = elementsOf(members).map(valueOf)
  return missing ? undefined : `[${results.join(',')}]`
}

/** The calls that a saved group names, which have a result. **Errors**: JsonError. */
export function leavesOf(record: string): string[] {
  const ids: string[] = []
  const walk = (tree: string): void => {
    const [own = '[]', members = 'null'] = elementsOf(tree)
    if (members !== 'null') for (const each of elementsOf(members)) walk(each)
    else ids.push(nameIn(elementsOf(own)[0]) ?? '')
  }
  walk(membersOf(record).get('result') ?? '[]')
  return ids
}

class Writer {
  readonly unfolding: Unfolding
  readonly #queue: string
  readonly #lang: string
  readonly #rootId: string
  readonly #id: string
  readonly #parts: CountedPart[] = []
  readonly #never: NeverRun[] = []
  readonly #told: Unfolding[] = []
  readonly #terms: FollowingTerms

  constructor(
    { id, queue }: Pick<EndedCall, 'id' | 'queue'>,
    headers: ReadonlyMap<string, string>,
    terms: FollowingTerms,
    keepsRoots: boolean,
  ) {
    this.#id = id
    this.#queue = queue
    this.#lang = nameIn(headers.get('lang')) ?? 'py'
    this.#rootId = nameIn(headers.get('root_id')) ?? id
    this.#terms = terms
    this.unfolding = this.#unfold(this.#rootId, id, keepsRoots)
  }

  aftermath(): Aftermath {
    const all = [this.unfolding, ...this.#told]
    return {
      calls: all.flatMap(each => each.calls),
      chords: all.flatMap(each => each.chords),
      parts: this.#parts,
      never: this.#never,
      children: `[${all.flatMap(each => each.children).join(',')}]`,
    }
  }

  #unfold(rootId: string, parentId: string, keepsRoots: boolean): Unfolding {
    const { newId, knows } = this.#terms
    const queueOf = (task: string): string =>
      this.#lang === 'js' || knows?.(task) === true ? this.#queue : celeryQueue
    return new Unfolding({ rootId, parentId, keepsRoots, lang: this.#lang, queueOf }, newId)
  }

  /** Sends errbacks: each is given the id of the call that has failed. */
  tell(id: string, errbacks: readonly string[]): void {
    const unfolding = this.#unfold(id === this.#id ? this.#rootId : id, id, false)
    unfolding.sendGroup(errbacks.map(readSignature), { args: [JSON.stringify(id)], marks: [] })
    this.#told.push(unfolding)
  }

  /** Counts a member of a chord. */
  count(
    id: string,
    group: string,
    index: string | undefined,
    chord: string,
    end: Pick<Parameters<typeof writeChordPart>[0], 'state' | 'result' | 'error'>,
  ): void {
    const score = index !== undefined && /^\d{1,15}$/.test(index) ? index : '+inf'
    const waiting: WaitingChord = {
      body: chord,
      queue: this.#queue,
      lang: this.#lang,
      rootId: this.#rootId,
      parentId: this.#id,
      known: namesOf(chord).filter(task => this.#terms.knows?.(task) === true),
    }
    this.#parts.push({ group, score, id, entry: writeChordPart({ id, ...end }), chord: JSON.stringify(waiting) })
  }

  /** A canvas that never runs, since what was before it has ended otherwise than as done. */
  fail(signature: RawSignature, state: NeverRun['state'], error: string): void {
    const { kind, options, body } = signature
    if (kind === 'chord') {
      if (body !== undefined) this.fail(body, state, error)
    } else if (kind === 'call') {
      const id = nameIn(options.get('task_id'))
      const group = nameIn(options.get('group_id'))
      if (id !== undefined) this.#never.push({ id, state, error, ...(group === undefined ? {} : { group }) })
      const chord = given(options.get('chord'))
      if (id !== undefined && chord !== undefined && group !== undefined) {
        this.count(id, group, options.get('group_index'), chord, partEnd({ state, error }))
      }
    } else {
      // One that has no id is waited for by nobody.
      const calls = kind === 'group' ? callsIn(signature) : stepsOf([signature], () => '')
      for (const each of calls) this.fail(each, state, error)
    }
    for (const each of [...signaturesIn(options.get('chain'))].reverse()) this.fail(readSignature(each), state, error)
  }

  /**
   * The body of a chord whose header has failed.
   *
   * @param cause what the member has failed with: the calls of a group get that in the place of the error of the chord
   */
  failChord(body: RawSignature, error: string, cause: string | undefined): void {
    this.fail(body, 'failed', body.kind === 'group' ? (cause ?? error) : error)
    this.#tellOf(body, [])
  }

  #tellOf(body: RawSignature, more: readonly string[]): void {
    const errbacks = [...more, ...signaturesIn(body.options.get('link_error'))]
    if (body.kind === 'group') for (const each of callsIn(body)) this.#tellOf(each, errbacks)
    else if (body.kind === 'chord' && body.body !== undefined) this.#tellOf(body.body, errbacks)
    else {
      const id = nameIn(body.options.get('task_id'))
      if (id !== undefined) this.tell(id, [...new Set(errbacks)])
    }
  }
}

/** All that may be names of tasks in a canvas. */
function namesOf(canvas: string): string[] {
  const found = canvas.matchAll(/"task":\s*("(?:[^"\\]|\\.)*")/g)
  return [...new Set(Array.from(found, ([, name]) => String(plainIn(name))))]
}

function partEnd(end: CallEnd): { readonly state: string; readonly result?: string; readonly error?: string } {
  if (end.state === 'done') return { state: 'SUCCESS', result: end.result }
  const isCancelled = end.state === 'cancelled'
  return { state: isCancelled ? 'REVOKED' : 'FAILURE', error: completeFailure(end.error, isCancelled) }
}

/** The result as the first argument of what follows. */
function firstOf(result: string): FirstValues {
  if (!result.startsWith('{"__skein__":')) return { args: [result], marks: [] }
  const parts = membersOf(result)
  const marks = plainIn(parts.get('marks'))
  return {
    args: [parts.get('__skein__') ?? 'null'],
    marks: (Array.isArray(marks) ? (marks as Mark[]) : []).map(([kind, path, name]) => {
      const inside: Mark[1] = [0, ...path]
      // By which errors lead to each other; those of the arguments behind it have names of their own.
      return name === undefined ? [kind, inside] : [kind, inside, isName(kind) ? `first ${name}` : name]
    }),
  }
}

function isName(kind: Mark[0]): boolean {
  return kind === 'error' || kind === 'same'
}

function embedIn(body: string): ReadonlyMap<string, string> {
  const text = body.trim()
  // Version 1 has them beside everything else.
  if (!text.startsWith('[')) return fieldsOf(text)
  const embed = given(elementsOf(text)[2])
  if (embed === undefined) return new Map()
  if (embed.startsWith('{')) return membersOf(embed)
  throw new MalformedMessageError('The message is malformed: its embed must be an object.')
}
