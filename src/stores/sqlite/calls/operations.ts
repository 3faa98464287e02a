import { state } from '../file/schema.ts'
import type { HeldClaim, WriteOutcome } from '../../roles/broker.ts'
import type { Announcement } from '../../roles/registry.ts'
import { claim, mayClaim, type TaskOpenings } from './claiming.ts'
import { members } from './counters/counters.ts'
import { announce, pause, purge, retain, signal } from './controlling.ts'
import { cancel } from './ending.ts'
import { ended } from './history/ended.ts'
import { begin, conclude } from './of-other-stores.ts'
import type { Leases } from './leases.ts'
import { job, jobs, outcome, stats, workers } from './looking.ts'
import type { Asked, Request } from './requests.ts'
import { reports } from './reports/looking.ts'
import { retry } from './retrying.ts'
import { changeSchedules, hasTerms } from './schedules/changing.ts'
import { dueSchedules, schedule, schedules } from './schedules/looking.ts'
import { send } from './sending.ts'
import { packOutcomes, sizeOf, unpackCalls } from './sent-call.ts'
import { report } from './reports/reporting.ts'
import { settle } from './settling.ts'
import { movedCalls, movedMembers, takeMoved } from './transfer.ts'
import { sweep } from './sweeping.ts'
import type { Turn } from './turn.ts'
import { wake } from './waking.ts'

/** The things that the operations need beside the transaction. */
export interface Place {
  readonly leases: Leases
  readonly openings: TaskOpenings
  /** The workers that this store has announced, to be announced again before they are forgotten. */
  readonly announced: Map<string, Announcement>
}

/** Does what was asked, and what follows from it, inside a transaction. */
export function perform(turn: Turn, asked: Asked, place: Place): unknown {
  const answer = doAsked(turn, asked, place)
  wake(turn)
  return answer
}

/** The requests that say themselves where they make something due, or never do. */
const says: ReadonlySet<string> = new Set(['send', 'claim', 'await', 'settle', 'report', 'blame'])

function doAsked(turn: Turn, asked: Asked, place: Place): unknown {
  if (!says.has(asked[0])) turn.schedules = true
  switch (asked[0]) {
    case 'send':
      return packOutcomes(send(turn, unpackCalls(asked[1])))
    case 'claim':
    case 'await':
      return claim(turn, asked[1], place.leases, place.openings)
    case 'renew':
      return renew(turn, asked[1], asked[2])
    case 'blame':
      return blame(turn, asked[1], asked[2])
    case 'settle':
      return settle(turn, asked[1])
    case 'begin':
      return begin(turn, asked[1], asked[2])
    case 'conclude':
      return conclude(turn, asked[1])
    case 'report':
      return report(turn, asked[1])
    case 'cancel':
      return asked[1].map(id => cancel(turn, id, asked[2]))
    case 'retry':
      return asked[1].map(id => retry(turn, id))
    case 'signal':
      return signal(turn, asked[1], asked[2], asked[3])
    case 'purge':
      return purge(turn, asked[1], asked[2], asked[3])
    case 'pause':
      return pause(turn, asked[1], asked[2])
    case 'retain':
      return retain(turn, asked[1])
    case 'change':
      return changeSchedules(turn, asked[1])
    case 'take':
      return takeMoved(turn, asked[1], asked[2])
    case 'announce': {
      const [, worker, record] = asked
      turn.after(
        () => void (record === undefined ? place.announced.delete(worker) : place.announced.set(worker, record)),
      )
      return announce(turn, worker, record)
    }
    case 'sweep':
      return sweep(turn)
    default:
      return look(turn, asked)
  }
}

/** Answers what only looks, or would change nothing. `undefined` comes in a box, so that it is an answer, too. */
export function lookOnly(turn: Turn, asked: Asked): { readonly value: unknown } | undefined {
  switch (asked[0]) {
    case 'claim':
    case 'await':
      return mayClaim(turn, asked[1]) ? undefined : { value: [] }
    case 'reports':
    case 'members':
    case 'outcome':
    case 'find':
    case 'list':
    case 'moved':
    case 'moved members':
    case 'schedules':
    case 'schedule':
    case 'due':
    case 'workers':
    case 'stats':
    case 'ended':
      return { value: look(turn, asked) }
    default:
      return undefined
  }
}

/** True for what is looked for first, without a lock. */
export function isLook([kind]: Asked): boolean {
  return looks.has(kind)
}

const looks: ReadonlySet<string> = new Set([
  'claim',
  'await',
  'reports',
  'members',
  'outcome',
  'find',
  'list',
  'moved',
  'moved members',
  'schedules',
  'schedule',
  'due',
  'workers',
  'stats',
  'ended',
])

/** True for what brings new calls. */
export function bringsCalls(asked: Asked): boolean {
  if (asked[0] === 'send' || asked[0] === 'take') return true
  return asked[0] === 'change' && hasTerms(asked[1])
}

/** The same for fewer calls, where that can be; undefined otherwise. */
export function lessOf([number, asked]: Request): Request | undefined {
  if ((asked[0] !== 'claim' && asked[0] !== 'await') || asked[1].limit <= 1) return undefined
  const less = { ...asked[1], limit: Math.ceil(asked[1].limit / 8) }
  return [number, asked[0] === 'claim' ? ['claim', less] : ['await', less, asked[2]]]
}

/**
 * True when what was asked has to survive a power cut once it is answered. A claim need not: a lease ends with the
 * power.
 */
export function mustLast(asked: Asked): boolean {
  switch (asked[0]) {
    case 'send':
    case 'settle':
    case 'conclude':
    case 'cancel':
    case 'retry':
    case 'signal':
    case 'purge':
    case 'pause':
    case 'retain':
    case 'change':
    case 'take':
      return true
    case 'report':
      return asked[1].some(each => each.kind === 'step' || each.kind === 'undone' || each.kind === 'memo')
    default:
      return false
  }
}

/** The work that it is, in calls. */
export function weightOf(asked: Asked): number {
  switch (asked[0]) {
    case 'send':
      return sizeOf(asked[1])
    case 'settle':
      return asked[1].reduce(
        (sum, { next = [] }) => next.reduce((all, { inner = [] }) => all + 1 + inner.length, sum + 1),
        0,
      )
    case 'take':
      return asked[1].length + asked[2].length
    case 'change':
      return asked[1].reduce((sum, { terms }) => sum + 1 + (terms?.length ?? 0), 0)
    case 'blame':
    case 'begin':
    case 'conclude':
    case 'report':
    case 'cancel':
    case 'retry':
      return asked[1].length
    case 'claim':
    case 'await':
      return Math.min(asked[1].limit, 1_000)
    default:
      return 1
  }
}

function look(turn: Turn, asked: Asked): unknown {
  switch (asked[0]) {
    case 'reports':
      return reports(turn, asked[1], asked[2])
    case 'members':
      return members(turn, asked[1], asked[2])
    case 'outcome':
      return outcome(turn, asked[1])
    case 'find':
      return job(turn, asked[1])
    case 'list':
      return jobs(turn, asked[1])
    case 'moved':
      return movedCalls(turn, asked[1])
    case 'moved members':
      return movedMembers(turn, asked[1], asked[2])
    case 'schedules':
      return schedules(turn, asked[1])
    case 'schedule':
      return schedule(turn, asked[1])
    case 'due':
      return dueSchedules(turn, asked[1])
    case 'workers':
      return workers(turn)
    case 'stats':
      return stats(turn)
    case 'ended':
      return ended(turn, asked[1])
    default:
      throw new Error(`A store was asked for '${asked[0]}', which it does not know`)
  }
}

function blame(turn: Turn, claims: readonly HeldClaim[], blamed: boolean): WriteOutcome[] {
  return claims.map(({ id, token }) => {
    const changed = turn.database.run(
      `UPDATE skein_call SET blamed = ? WHERE id = ? AND token = ? AND state = ${state.running}`,
      blamed ? 1 : 0,
      id,
      token,
    )
    return changed === 0 ? 'lost' : 'ok'
  })
}

function renew(turn: Turn, claims: readonly HeldClaim[], lease: number): WriteOutcome[] {
  return claims.map(({ id, token }) => {
    const row = turn.database.get(
      `SELECT lease FROM skein_call WHERE id = ? AND token = ? AND state = ${state.running}`,
      id,
      token,
    )
    if (row === undefined) return 'lost'
    const own = row[0] as number
    if (!turn.keeper.ownLeases.has(own)) {
      turn.database.run(
        'UPDATE skein_lease SET length = ?, until = ? WHERE lease = ?',
        lease,
        Math.ceil(turn.time + lease),
        own,
      )
    }
    return 'ok'
  })
}
