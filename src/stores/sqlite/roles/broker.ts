import * as check from '../../check.ts'
import { type ClaimRequest, PullingIntake, type WaitingClaim } from '../../pulling/pulling-intake.ts'
import type {
  Broker,
  BrokerAbility,
  Claim,
  HeldClaim,
  Intake,
  IntakeRequest,
  IntakeReceiver,
  Settlement,
  WriteOutcome,
} from '../../roles/broker.ts'
import type { OutgoingCall, SendOutcome } from '../../roles/calls.ts'
import type { Lacking } from '../../roles/need.ts'
import { packCalls, unpackOutcomes } from '../calls/sent-call.ts'
import type { SqliteThread } from '../calls/requests.ts'

/** So many calls are sent at once, without waiting for what else is asked in this turn. */
const largeLot = 200

/** Counts the claims that wait: a thread may be shared. */
let lastWaiting = 0

/** The broker of a SQLite file. */
export class SqliteBroker implements Broker {
  readonly can: ReadonlySet<BrokerAbility> = new Set<BrokerAbility>([
    'priority',
    'unique',
    'limit',
    'next',
    'rates',
    'once',
    'leases',
    'tasks',
    'undo',
  ])
  readonly durability: 'relaxed' | 'full'
  readonly #store: Lacking
  readonly #thread: SqliteThread
  /** Recall the claims that wait. */
  readonly #waiting = new Set<() => void>()

  constructor(store: Lacking, thread: SqliteThread, durability: 'relaxed' | 'full') {
    this.#store = store
    this.#thread = thread
    this.durability = durability
  }

  async send(calls: readonly OutgoingCall[]): Promise<SendOutcome[]> {
    check.checkCalls(calls)
    // A large lot does not wait for the end of this turn: the thread writes it while the program makes the next one.
    const atOnce = calls.length >= largeLot
    const { unended } = this.#thread
    // Noted before the answer: a call may have ended by then.
    for (const { id } of calls) unended.add(id)
    let outcomes: SendOutcome[] = []
    try {
      outcomes = unpackOutcomes(
        await this.#thread.ask<SendOutcome[] | undefined>(['send', packCalls(calls)], atOnce),
        calls,
      )
      return outcomes
    } finally {
      // What was there before may have ended before, too.
      for (const [at, { id }] of calls.entries()) if (outcomes[at]?.outcome !== 'accepted') unended.delete(id)
    }
  }

  intake(request: IntakeRequest, receiver: IntakeReceiver): Intake {
    check.checkIntake(request)
    const thread = this.#thread
    thread.mustBeOpen()
    return new PullingIntake(
      {
        claim: async each => thread.ask(['claim', each]),
        wait: each => this.#wait(each),
        on: (signal, listener) => thread.listeners.on(signal, listener),
      },
      request,
      receiver,
    )
  }

  #wait(request: ClaimRequest): WaitingClaim {
    const thread = this.#thread
    const number = ++lastWaiting
    // Where it cannot be asked, nobody waits any more.
    const recall = (): void => void (async () => thread.ask(['recall', number]))().catch(() => {})
    const wait = async (): Promise<Claim[]> => {
      try {
        return await thread.ask(['await', request, number])
      } finally {
        this.#waiting.delete(recall)
      }
    }
    this.#waiting.add(recall)
    return { claims: wait(), recall }
  }

  /** Ends the waiting of all claims: a thread that is shared would hand over calls to a store that is closed. */
  recall(): void {
    for (const recall of this.#waiting) recall()
  }

  async settle(settlements: readonly Settlement[]): Promise<WriteOutcome[]> {
    check.checkSettlements(settlements, this.#store)
    return this.#thread.ask(['settle', settlements])
  }

  async blame(claims: readonly HeldClaim[], blamed: boolean): Promise<WriteOutcome[]> {
    check.checkClaims(claims)
    return this.#thread.ask(['blame', claims.map(({ id, token }) => ({ id, token })), blamed])
  }

  async renew(claims: readonly HeldClaim[], lease: number): Promise<WriteOutcome[]> {
    check.checkSpan(lease, 'The lease', 1)
    return this.#thread.ask(['renew', claims.map(({ id, token }) => ({ id, token })), lease])
  }
}
