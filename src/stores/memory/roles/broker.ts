import { checkCalls, checkClaims, checkIntake, checkSettlements, checkSpan } from '../../check.ts'
import { crashPoint } from '../../crash-point.ts'
import { PullingIntake } from '../../pulling/pulling-intake.ts'
import type {
  Broker,
  BrokerAbility,
  HeldClaim,
  Intake,
  IntakeRequest,
  IntakeReceiver,
  Settlement,
  WriteOutcome,
} from '../../roles/broker.ts'
import type { OutgoingCall, SendOutcome } from '../../roles/calls.ts'
import type { Handle } from '../memory.ts'

/** The broker of a store in memory. */
export class MemoryBroker implements Broker {
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
  readonly durability = 'none'
  readonly #store: Handle

  constructor(store: Handle) {
    this.#store = store
  }

  async send(calls: readonly OutgoingCall[]): Promise<SendOutcome[]> {
    checkCalls(calls, this.#store)
    return this.#store.write(ledger => ledger.send(calls.map(call => ({ ...call }))))
  }

  intake(request: IntakeRequest, receiver: IntakeReceiver): Intake {
    checkIntake(request)
    const store = this.#store
    store.mustBeOpen()
    return new PullingIntake(
      {
        claim: async each => store.write(ledger => ledger.claim(each, store)),
        on: (signal, listener) => store.listeners.on(signal, listener),
      },
      request,
      receiver,
    )
  }

  async settle(settlements: readonly Settlement[]): Promise<WriteOutcome[]> {
    checkSettlements(settlements, this.#store)
    crashPoint('during-ack')
    const outcomes = this.#store.write(ledger => settlements.map(each => ledger.settle(each)))
    crashPoint('after-ack')
    return outcomes
  }

  async blame(claims: readonly HeldClaim[], blamed: boolean): Promise<WriteOutcome[]> {
    checkClaims(claims)
    return this.#store.write(ledger => claims.map(({ id, token }) => ledger.blame(id, token, blamed)))
  }

  async renew(claims: readonly HeldClaim[], lease: number): Promise<WriteOutcome[]> {
    checkSpan(lease, 'The lease', 1)
    return this.#store.write(ledger => claims.map(({ id, token }) => ledger.renew(id, token, lease)))
  }
}
