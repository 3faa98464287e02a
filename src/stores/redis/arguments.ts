import { randomUUID } from 'node:crypto'
import { type Aftermath, aftermathOf, type EndedCall } from '../../celery/canvas/aftermath.ts'
import { newCallId } from '../call-id.ts'
import { fieldsOf, nameIn } from '../../celery/canvas/signature.ts'
import { listOf, listsOf } from '../../celery/redis-keys.ts'
import { jobCounter } from '../job-counter.ts'
import type { Settlement } from '../roles/broker.ts'
import type { AwaitedCounter, JoinedMember, Membership, OutgoingCall, StoredLimit } from '../roles/calls.ts'
import type { Report } from '../roles/results.ts'
import type { Argument, Link } from './connection/link.ts'
import { stage } from './scripts/send.ts'
import { documentOfError, documentOfResult } from './wire/document.ts'
import { limitName } from './wire/limit-names.ts'
import { messageOf } from './wire/message.ts'

/** More calls in one script would keep others from the server for too long. */
const mostAtOnce = 250
/** The calls on a page that lies aside: they cost more, since each of them may go on at once, or be dropped. */
const mostOnPage = 100

/** The ends of the names of the lists of a queue. */
const lists = listsOf('')

/** Writes calls, settlements and reports as the scripts are given them, and keeps aside what is too much for one script. */
export class Writing {
  readonly #handle: string
  readonly #pages: Argument[][] = []

  /** @param handle the one who has the store open */
  constructor(handle: string) {
    this.#handle = handle
  }

  /** Keeps aside all that has to lie there before the script is sent. */
  async stage(link: Link): Promise<void> {
    for (const page of this.#pages) await link.run(stage, page)
  }

  /** One call. @param isLarge it is not kept, since it has too many bytes; those who wait for it hear of that */
  call(call: OutgoingCall, isLarge: boolean = false): Argument[] {
    const {
      id,
      queue,
      task,
      delay,
      expires,
      deadline,
      maxDeaths,
      ignoreResult,
      tags = [],
      unique,
      counts,
      after,
      limit,
    } = call
    const { text, tag } = isLarge ? { text: '', tag: '' } : messageOf(call, this.#handle)
    const also =
      (isLarge ? 's' : '') +
      (hasErrbacks(call) ? 'e' : '') +
      (unique === undefined ? '' : 'u') +
      (counts === undefined ? '' : 'c') +
      (after === undefined ? '' : 'a') +
      (limit === undefined ? '' : 'l')
    return [
      id,
      queue,
      task,
      tag,
      text,
      Buffer.byteLength(call.headers) + Buffer.byteLength(call.body),
      tags.length === 0 ? '' : JSON.stringify(tags),
      Math.ceil(delay),
      whole(expires),
      whole(deadline),
      maxDeaths ?? '',
      ignoreResult ? 1 : '',
      also,
      ...(unique === undefined ? [] : [unique.key, unique.conflict, unique.for ? Math.ceil(unique.for) : '']),
      ...(counts === undefined ? [] : [counts.length, ...counts.flatMap(membershipOf)]),
      ...(after === undefined ? [] : waitOf(after)),
      ...(limit === undefined ? [] : limitOf(limit)),
      ...this.calls(isLarge ? [] : call.inner),
    ]
  }

  /** Many calls: one after the other, or where they lie. */
  calls(calls: readonly OutgoingCall[] = []): Argument[] {
    if (sumOf(calls) <= mostAtOnce) return [calls.length, ...calls.flatMap(each => this.call(each))]
    const name = randomUUID()
    const pages = pagesOf(calls, weightOf, mostOnPage)
    for (const [at, page] of pages.entries())
      this.#pages.push([name, at + 1, page.length, ...page.flatMap(each => this.call(each))])
    return [`${pages.length} pages of ${name}`]
  }

  /** The ends of attempts, first those that lead to nothing. */
  settlements(settlements: readonly Settlement[]): Argument[] {
    const plain = settlements.filter(isPlain)
    const others = settlements.filter(each => !isPlain(each))
    return [
      plain.length,
      ...plain.flatMap(({ id, token, result }) => [id, token, ...documentOfResult(id, result)]),
      others.length,
      ...others.flatMap(each => this.settlement(each)),
    ]
  }

  /** The end of an attempt. */
  settlement(settlement: Settlement): Argument[] {
    const { id, token, kind, next, canvas } = settlement
    return [
      id,
      token,
      kind,
      ...partsOf(settlement),
      ...alsoOf(settlement),
      ...this.calls(next),
      ...this.aftermath(canvas),
    ]
  }

  /** The things that Celery's message of a call asks for when that has ended. */
  aftermath(aftermath: Aftermath | undefined): Argument[] {
    const { chords = [], calls = [], never = [], parts = [] } = aftermath ?? {}
    return [
      chords.length,
      ...chords.flatMap(({ group, size, saved = '' }) => [group, size, saved]),
      calls.length,
      ...calls.flatMap(call => {
        const headers = fieldsOf(call.headers)
        const named = (name: string): string => nameIn(headers.get(name)) ?? ''
        const list = lists.indexOf(listOf('', call.priority)) + 1
        return [list, named('group'), named('parent_id'), partOf(call), ...this.call(call)]
      }),
      never.length,
      ...never.flatMap(({ id, state, error, group = '' }) => [id, ...documentOfError(id, error, state), group]),
      parts.length,
      ...parts.flatMap(({ group, score, id, entry, chord }) => [group, score, id, entry, chord]),
    ]
  }

  report(report: Report): Argument[] {
    const { id, token, kind } = report
    if (kind === 'log') return [id, token, kind, report.line]
    if (kind !== 'step' && kind !== 'undone') return [id, token, kind, report.value]
    const { name, value } = report
    const shown = `{"name":${JSON.stringify(name)},"value":${value}}`
    if (kind === 'undone') return [id, token, kind, shown, name, value]
    const { next = [], undo } = report
    const own = jobCounter(id)
    const attends = next.some(({ counts }) => counts?.some(({ counter }) => counter === own))
    return [id, token, kind, shown, name, value, undo ? 1 : '', attends ? 1 : '', ...this.calls(next)]
  }
}

/** True for the end of a call that leads to no other. */
export function isPlain(settlement: Settlement): settlement is Extract<Settlement, { readonly kind: 'done' }> {
  const { kind, next, canvas } = settlement
  return kind === 'done' && canvas === undefined && (next === undefined || next.length === 0)
}

/** Puts things on pages that go into one script each. */
export function pagesOf<T>(things: readonly T[], weigh: (thing: T) => number, most: number = mostAtOnce): T[][] {
  const pages: T[][] = []
  let weight = Infinity
  for (const each of things) {
    const more = weigh(each)
    if (weight + more > most) {
      pages.push([])
      weight = 0
    }
    pages.at(-1)?.push(each)
    weight += more
  }
  return pages
}

/** The number of calls that go into a script with one. */
export function weightOf({ inner }: OutgoingCall): number {
  return 1 + weightOfAll(inner)
}

/** The same of calls that go together: those that lie aside weigh nothing. */
export function weightOfAll(calls: readonly OutgoingCall[] = []): number {
  const sum = sumOf(calls)
  return sum > mostAtOnce ? 0 : sum
}

function sumOf(calls: readonly OutgoingCall[]): number {
  return calls.reduce((sum, each) => sum + weightOf(each), 0)
}

/** True for a message that asks for something when its call has failed. */
function hasErrbacks({ body }: OutgoingCall): boolean {
  return !body.endsWith(noneFollows) && /"(?:errbacks|chord)":\s*[[{]/.test(body)
}

const noneFollows = '{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]'

function membershipOf({ counter, member, owned, tolerated }: Membership): Argument[] {
  return [counter, member, `${owned ? 'o' : '-'}${tolerated ? 't' : '-'}`]
}

function joinOf({ id, member, tolerated }: JoinedMember): Argument[] {
  return [id, member, tolerated ? '-t' : '--']
}

function waitOf({ counter, members, failure, limit, joins = [] }: AwaitedCounter): Argument[] {
  return [
    counter,
    members,
    failure,
    limit === undefined ? '' : Math.ceil(limit),
    joins.length,
    ...joins.flatMap(joinOf),
  ]
}

function limitOf({ key, strategy, concurrency, rate }: StoredLimit): Argument[] {
  return [limitName(key), strategy, concurrency ?? '', rate?.count ?? '', rate?.per ?? '']
}

/** The counter that a release is to wait for, or the end before which it is to be undone. */
function alsoOf(settlement: Settlement): Argument[] {
  if (settlement.kind !== 'release') return ['']
  const { after, memo = '', undo } = settlement
  if (undo !== undefined) return ['u', undo.state, undo.error]
  return after === undefined ? [''] : ['a', ...waitOf(after), memo]
}

/** Text, delay, mark, and the two parts of the document for Celery. */
function partsOf(settlement: Settlement): Argument[] {
  switch (settlement.kind) {
    case 'done':
      return ['', 0, '', ...documentOfResult(settlement.id, settlement.result, settlement.canvas?.children)]
    case 'retry': {
      const { error, delay, death } = settlement
      return [error, Math.ceil(delay), death === undefined ? '' : death.alone ? 'alone' : 'died', '', '']
    }
    case 'release':
      return ['', Math.ceil(settlement.delay ?? 0), settlement.begun ? 1 : '', '', '']
    default: {
      const { id, kind, error } = settlement
      return [error, 0, 'death' in settlement && settlement.death ? 1 : '', ...documentOfError(id, error, kind)]
    }
  }
}

function whole(milliseconds: number | undefined): Argument {
  return milliseconds === undefined ? '' : Math.ceil(milliseconds)
}

/** The part that a member of a chord has in that where it is cancelled before a worker has it, as JSON; empty for others. */
function partOf(call: EndedCall): string {
  if (call.body.endsWith('"chord":null}]')) return ''
  const end = { state: 'cancelled', error: '{"source":"explicit"}' } as const
  const [part] = aftermathOf(call, end, { newId: newCallId }).parts
  return part === undefined ? '' : JSON.stringify([part.group, part.score, part.id, part.entry, part.chord])
}
