import type { Member, MemberOwner } from './members.ts'

/**
 * The list of what is in a scope.
 *
 * Invariant: `holding` counts the members in the list that the scope has to wait for.
 */
export abstract class ScopeMembers implements MemberOwner {
  #first: Member | undefined = undefined
  #last: Member | undefined = undefined
  #holding = 0

  /** @internal How many members the scope has to wait for. */
  get holding(): number {
    return this.#holding
  }

  /** @internal Where a walk through the list begins: `next` leads on. */
  get firstMember(): Member | undefined {
    return this.#first
  }

  /** @internal Puts something into the scope's list; its `leave()` takes it out. */
  enlist(member: Member): void {
    member.owner = this
    member.prev = this.#last
    if (this.#last === undefined) this.#first = member
    else this.#last.next = member
    this.#last = member
    if (member.holds) this.#holding++
  }

  /** @internal */
  delist(member: Member): void {
    if (member.owner !== this) return
    const { prev, next } = member
    if (prev === undefined) this.#first = next
    else prev.next = next
    if (next === undefined) this.#last = prev
    else next.prev = prev
    member.prev = member.next = member.owner = undefined
    if (member.holds) {
      this.#holding--
      this.released()
    }
  }

  /** Something that the scope had to wait for has left. */
  protected abstract released(): void

  /** @internal */
  abstract cancelError(): unknown
}
