import { type Aftermath, aftermathOf, aftermathOfChord, type CallEnd } from '../../celery/canvas/aftermath.ts'
import type { TaskMessage } from '../../celery/message.ts'
import { MalformedMessageError, StoreError } from '../../core/errors/errors.ts'
import { newCallId } from '../../stores/call-id.ts'
import { checkCalls } from '../../stores/check.ts'
import type { Claim, Settlement } from '../../stores/roles/broker.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import { needAbility } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import type { Allowlist } from './allowlist.ts'

/** The parts of a worker that say what can follow, and where that goes. */
export interface FollowingParts {
  readonly store: Pick<Store, 'url' | 'broker'>
  readonly tasks: Pick<Allowlist, 'find'>
}

/** The parts of a message that name calls which are to follow its task. */
const parts = ['callbacks', 'errbacks', 'chain', 'chord'] as const

/** True if a message asks for more than running its task. */
export function hasFollowing({ embed }: TaskMessage): boolean {
  return parts.some(name => isAsked(embed[name]))
}

function isAsked(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
}

/**
 * Returns why what is to follow a call cannot be done: it is to be known before the task runs, for half of it would be a lie. Refused
 * by the store when the job ends, it would keep all from their ends that is written together with it.
 */
export function problemOfFollowing(claim: Claim, message: TaskMessage, worker: FollowingParts): Error | undefined {
  try {
    if (!worker.store.broker.can.has('canvas') && isAsked(message.embed['chord'])) throw chordAhead()
    for (const end of ends) {
      const aftermath = read(claim, end, worker)
      checkAftermath(aftermath, message, worker)
      for (const { chord } of aftermath.parts) {
        checkAftermath(aftermathOfChord(chord, [], { newId: newCallId }), message, worker)
      }
    }
    return undefined
  } catch (error) {
    if (error instanceof MalformedMessageError || error instanceof StoreError) return error
    return new MalformedMessageError('The message is malformed: what is to follow its task cannot be read or sent', {
      cause: error,
    })
  }
}

const ends: readonly CallEnd[] = [
  { state: 'done', result: 'null' },
  { state: 'failed', error: '{}' },
]

function checkAftermath(aftermath: Aftermath, { lang }: TaskMessage, { store }: FollowingParts): void {
  const hasChords = aftermath.parts.length > 0 || aftermath.chords.length > 0
  if (!store.broker.can.has('canvas')) {
    if (hasChords) throw chordAhead()
    checkCalls(plain(aftermath.calls))
    return
  }
  checkCalls(plain(aftermath.calls))
  // Celery counts the other way round there, and a call of skein's would get the opposite of what it asks for.
  if (lang === 'js' && aftermath.calls.some(({ priority }) => priority !== 0)) needAbility(store, 'priority')
}

/** The error of a chord in a message of another writer, in a store that does not count its members. */
function chordAhead(): MalformedMessageError {
  return new MalformedMessageError(
    'The message is part of a chord of another writer, or has one in what is to follow, and the store does not count the members of those. ' +
      'Submit the chord here: it is a call whose arguments are calls.',
  )
}

/**
 * Makes what follows the end of a claim, as its settlement has it.
 *
 * @param next calls that the task itself has asked for
 */
export function followingOf(
  claim: Claim,
  end: CallEnd,
  worker: FollowingParts,
  next: readonly OutgoingCall[] = [],
): Pick<Settlement, 'next' | 'canvas'> {
  const { can } = worker.store.broker
  const aftermath = can.has('next') ? aftermathIn(claim, end, worker) : undefined
  if (can.has('canvas')) return { ...sending(next), ...(aftermath && hasAny(aftermath) ? { canvas: aftermath } : {}) }
  return sending([...next, ...plain(aftermath?.calls ?? [])])
}

function sending(next: readonly OutgoingCall[]): { readonly next?: readonly OutgoingCall[] } {
  return next.length === 0 ? {} : { next }
}

function hasAny({ calls, chords, parts: counted, never }: Aftermath): boolean {
  return calls.length + chords.length + counted.length + never.length > 0
}

function aftermathIn(claim: Claim, end: CallEnd, worker: FollowingParts): Aftermath | undefined {
  try {
    return read(claim, end, worker)
  } catch {
    return undefined // it was refused before it ran, and ends as dead
  }
}

function read(claim: Claim, end: CallEnd, { tasks }: FollowingParts): Aftermath {
  return aftermathOf(claim, end, { newId: newCallId, knows: name => tasks.find(name) !== undefined })
}

/** As a store has them that counts priorities as skein does; what is none there is none. */
function plain(calls: Aftermath['calls']): OutgoingCall[] {
  return calls.map(call => ({ ...call, priority: call.priority >= 0 && call.priority <= 9 ? call.priority : 0 }))
}
