import { nothing } from '../../../core/job/nothing.ts'
import { firstChild, firstSignal, jobCounter } from '../../../stores/job-counter.ts'
import type { EndedMember } from '../../../stores/roles/counters.ts'
import { needCounters } from '../../../stores/roles/need.ts'
import type { Store } from '../../../stores/roles/store.ts'
import { type EndedJob, hasOrigin, withOriginOf } from '../../outcome.ts'
import { membersOf } from '../edges.ts'

/** A member that has ended, as it is made an outcome. */
export type Ended = EndedMember & EndedJob

/** The members of the counter of a job that have ended, as they were looked at last: its arguments, jobs that it has called, signals. */
export class EndedMembers {
  readonly #store: Store
  readonly #counter: string
  #members: ReadonlyMap<number, Ended> = new Map()
  #signals: ReadonlyMap<string, Ended> = new Map()
  #looking: Promise<void> | undefined
  #nextLook: Promise<void> | undefined

  /** **Errors**: `SKEIN_STORE_UNSUPPORTED`. */
  constructor(store: Store, id: string) {
    needCounters(store)
    this.#store = store
    this.#counter = jobCounter(id)
  }

  get size(): number {
    return this.#members.size
  }

  get(member: number): Ended | undefined {
    return this.#members.get(member)
  }

  /** The first signal of a name. */
  signal(name: string): Ended | undefined {
    return this.#signals.get(name)
  }

  /** The numbers of the jobs that have not ended well. */
  failedCalls(): number[] {
    return [...this.#members.values()]
      .filter(({ member, state }) => member >= firstChild && member < firstSignal && state !== 'done')
      .map(({ member }) => member)
  }

  /**
   * Looks at them again. One look after the other, and one for all who want to look meanwhile: what has come since a look began is seen
   * by the next.
   */
  look(): Promise<void> {
    this.#nextLook ??= (this.#looking ?? Promise.resolve()).catch(nothing).then(() => {
      this.#looking = this.#nextLook
      this.#nextLook = undefined
      return this.#read()
    })
    return this.#nextLook
  }

  async #read(): Promise<void> {
    const store = this.#store
    const members: Map<number, Ended> = await membersOf(needCounters(store), this.#counter)
    const signals = new Map<string, Ended>()
    for (const [member, each] of members) {
      if (hasOrigin(each)) members.set(member, await withOriginOf(store.results, each))
      if (member >= firstSignal && !signals.has(each.id)) signals.set(each.id, each)
    }
    this.#members = members
    this.#signals = signals
  }
}
