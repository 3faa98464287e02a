import type { Broker, Claim, HeldClaim, Settlement, WriteOutcome } from '../roles/broker.ts'
import type { ForeignResults } from '../roles/results.ts'
import * as story from '../story.ts'

/** A call that is held: the token that the results have given, and that of the broker. */
interface Held {
  readonly token: number
  readonly claim: Claim
  /** The answer of the results to its end, while the broker has not heard of it. */
  outcome: WriteOutcome | undefined
}

/**
 * The calls that were handed over and have not been settled. Workers know them by the token of the results, which fences; the broker
 * knows them by its own.
 */
export class Handled {
  readonly #broker: Broker
  readonly #results: ForeignResults
  readonly #held = new Map<string, Held>()

  constructor(broker: Broker, results: ForeignResults) {
    this.#broker = broker
    this.#results = results
  }

  /** The claims among these that may run. One that has ended, and was not acknowledged, is acknowledged now; so is one that is over. */
  async begin(claims: readonly Claim[], worker: string): Promise<Claim[]> {
    const begun = await this.#results.begin(claims, worker)
    const may: Claim[] = []
    const begins: Held[] = []
    const ended: HeldClaim[] = []
    const over: Settlement[] = []
    for (const [at, claim] of claims.entries()) {
      const each = begun[at]
      if (each?.state !== 'running') ended.push(claim)
      else if (claim.over !== undefined) {
        const error = claim.over === 'deadline' ? story.deadlineStory : story.expiredStory
        over.push({ id: claim.id, token: each.token, kind: 'cancelled', error })
        ended.push(claim)
      } else {
        begins.push({ token: each.token, claim, outcome: undefined })
        may.push({ ...claim, token: each.token, steps: { ...claim.steps, ...each.steps } })
      }
    }
    if (over.length > 0) await this.#results.end(over)
    // Only now: if that has failed, all of them go back.
    for (const held of begins) this.#held.set(held.claim.id, held)
    const acknowledged = ended.map(({ id, token }): Settlement => ({ id, token, kind: 'done', result: 'null' }))
    // Not waited for: if it cannot be said, the call comes again, and is acknowledged then.
    if (ended.length > 0) this.#broker.settle(acknowledged).catch(() => {})
    return may
  }

  /** Lets go of everything, as the broker does when it is closed. */
  async release(): Promise<void> {
    const held = [...this.#held].map(([id, { token }]): Settlement => ({ id, token, kind: 'release' }))
    if (held.length > 0) await this.#results.end(held).catch(() => {})
    this.#held.clear()
  }

  /** Calls that could not be begun go back. */
  async handBack(claims: readonly Claim[], delay: number): Promise<void> {
    const back = claims.map(({ id, token }): Settlement => ({ id, token, kind: 'release', delay }))
    // If even that cannot be said, their leases run out.
    await this.#broker.settle(back).catch(() => {})
  }

  /** The results' token of a claim that the broker knows by another one; undefined for one that is not held. */
  tokenOf(id: string, token: number): number | undefined {
    const held = this.#held.get(id)
    return held?.claim.token === token ? held.token : undefined
  }

  /** Says something of claims to the broker, under its own tokens. Those that are not held are `lost`. */
  async said(
    claims: readonly HeldClaim[],
    say: (held: HeldClaim[]) => Promise<WriteOutcome[]>,
  ): Promise<WriteOutcome[]> {
    const known = claims.map(({ id, token }) => this.#of(id, token)?.claim)
    const held = known.flatMap(each => (each ? [{ id: each.id, token: each.token }] : []))
    const outcomes = (held.length === 0 ? [] : await say(held)).values()
    return known.map((each): WriteOutcome => (each && outcomes.next().value) ?? 'lost')
  }

  /**
   * First the results, then the acknowledgement: if the second is lost, the call is handed over again, is known to have ended, and is
   * acknowledged without a run. The other way round its result would be lost.
   */
  async settle(settlements: readonly Settlement[]): Promise<WriteOutcome[]> {
    const held = settlements.map(({ id, token }) => this.#of(id, token))
    const outcomes = await this.#kept(settlements, held)
    const acknowledged: { readonly at: number; readonly settlement: Settlement }[] = []
    for (const [at, settlement] of settlements.entries()) {
      const { id, token } = held[at]?.claim ?? {}
      if (id === undefined || token === undefined || typeof outcomes[at] === 'object') continue
      // Somebody else has begun it, or it has ended and this program has not heard so: the next who has it will see.
      const said = outcomes[at] === 'lost' ? ({ kind: 'release' } as const) : plain(settlement)
      acknowledged.push({ at, settlement: { ...said, id, token } })
    }
    const told = await this.#acknowledge(acknowledged.map(each => each.settlement))
    for (const [index, { at, settlement }] of acknowledged.entries()) {
      // The same call may be here again by now.
      if (this.#held.get(settlement.id)?.claim.token === settlement.token) this.#held.delete(settlement.id)
      // How it ended is kept, even if the broker takes it to be with another worker by now; but it does not go back to where it is not any more.
      const goesBack = settlement.kind === 'retry' || settlement.kind === 'release'
      if (goesBack && told[index] === 'lost') outcomes[at] = 'lost'
    }
    return outcomes
  }

  async #acknowledge(settlements: readonly Settlement[]): Promise<WriteOutcome[]> {
    if (settlements.length === 0) return []
    const told = await this.#broker.settle(settlements)
    // An error that is too large for it is with the results.
    const refused = settlements.filter((_, at) => typeof told[at] === 'object')
    if (refused.length > 0)
      await this.#broker.settle(refused.map(each => ('error' in each ? { ...each, error: 'null' } : each)))
    return told
  }

  /** Keeps results. Not again, where the acknowledgement is all that could not be written. */
  async #kept(settlements: readonly Settlement[], held: readonly (Held | undefined)[]): Promise<WriteOutcome[]> {
    const due = settlements.filter((_, at) => held[at]?.outcome === undefined)
    const written = (due.length === 0 ? [] : await this.#results.end(due)).values()
    return held.map(each => {
      if (each?.outcome !== undefined) return each.outcome
      const outcome = written.next().value as WriteOutcome
      // What is refused is still held, and settled in another way.
      if (each && typeof outcome === 'string') each.outcome = outcome
      return outcome
    })
  }

  #of(id: string, token: number): Held | undefined {
    const held = this.#held.get(id)
    return held?.token === token ? held : undefined
  }
}

/** A settlement as the broker is told it: the value is with the results. */
function plain(settlement: Settlement): Settlement {
  return settlement.kind === 'done' ? { ...settlement, result: 'null' } : settlement
}
