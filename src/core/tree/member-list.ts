import type { Member, MemberOwner, ScopeNode } from './member.ts'

/**
 * The list of what is in a scope.
 *
 * Invariants: `holding` counts the members in the list that the scope has to wait for; the first member's `prev` is the
 * last one, so that the list needs one field; the last one's `next` is undefined.
 */
export abstract class ScopeMembers implements MemberOwner {
  /** @internal True for a scope that this copy of skein has made. In front of every wait, and cheaper than `instanceof`. */
  static has(value: object): value is ScopeMembers {
    return (value as Partial<ScopeMembers>).copy === copy
  }

  /** @internal */
  get copy(): object {
    return copy
  }

  #first: Member | undefined = undefined
  #holding = 0

  /** @internal The number of members that the scope has to wait for. */
  get holding(): number {
    return this.#holding
  }

  /** @internal The start of a walk through the list: `next` leads on. */
  get firstMember(): Member | undefined {
    return this.#first
  }

  /** @internal The member that was put into the list last. */
  get lastMember(): Member | undefined {
    return this.#first?.prev
  }

  /** @internal Puts something into the scope's list; its `leave()` takes it out. */
  enlist(member: Member): void {
    // Asked first: where the stack is full a call fails, and the list must not be half changed then.
    const { holds } = member
    member.owner = this
    const first = this.#first
    if (first === undefined) this.#first = member.prev = member
    else {
      const last = first.prev as Member
      member.prev = last
      first.prev = last.next = member
    }
    if (holds) this.#holding++
  }

  /** @internal */
  delist(member: Member): void {
    if (member.owner !== this) return
    const { holds } = member
    const first = this.#first as Member
    const prev = member.prev as Member
    const next = member.next
    if (member === first) this.#first = next
    else prev.next = next
    if (next !== undefined) next.prev = prev
    else if (member !== first) first.prev = prev
    member.prev = member.next = member.owner = undefined
    if (holds) {
      this.#holding--
      this.released()
    }
  }

  /** Something that the scope had to wait for has left. */
  protected abstract released(): void

  /** @internal */
  abstract cancelError(): unknown

  /** @internal The error with which every cancel point refuses, once there is a reason to. */
  abstract refusal(operation: string): unknown

  /** A scope is its own source. */
  abstract toScope(): ScopeNode
}

/** This copy of skein: another one has another object. */
const copy = {}
