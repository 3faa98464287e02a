import type { HeldClaim } from '../../roles/broker.ts'

/** A claim that one who has the store open holds. */
export interface OwnClaim extends HeldClaim {
  readonly lease: number
  /** It is renewed as long as it is held. */
  readonly keeps: boolean
}

/** The claims that one who has the store open holds, in the order in which they were made. */
export class Held {
  readonly #claims = new Map<string, OwnClaim>()
  /** Those whose holders were told that they are to stop. */
  readonly #told = new WeakSet<OwnClaim>()

  get size(): number {
    return this.#claims.size
  }

  add(claim: OwnClaim): void {
    // In the order of the latest claims, also of a call that was here before.
    this.#claims.delete(claim.id)
    this.#claims.set(claim.id, claim)
  }

  /** It is not held any more, under this token. */
  delete({ id, token }: HeldClaim): void {
    if (this.#claims.get(id)?.token === token) this.#claims.delete(id)
  }

  has({ id, token }: HeldClaim): boolean {
    return this.#claims.get(id)?.token === token
  }

  /** True the first time for a claim that somebody has asked to stop, and for one that is not known yet. */
  isToldOf(id: string): boolean {
    const claim = this.#claims.get(id)
    if (claim === undefined) return true
    if (this.#told.has(claim)) return false
    this.#told.add(claim)
    return true
  }

  all(): OwnClaim[] {
    return [...this.#claims.values()]
  }

  /** Those whose leases are to be renewed. */
  kept(): OwnClaim[] {
    return this.all().filter(each => each.keeps)
  }

  /** Takes all of them out, the latest first: handed back in this order, the first one is next in line again. */
  takeAll(): OwnClaim[] {
    const all = [...this.#claims.values()].reverse()
    this.#claims.clear()
    return all
  }
}
