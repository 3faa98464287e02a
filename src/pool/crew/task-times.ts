import type { TaskIdentity } from '../../call/define/identity.ts'

/** A task that was never measured is expected to take long: never sent ahead of another. In milliseconds. */
const unknownTime = 1_000

/** The time that one task is known to take. */
export class TaskTime {
  /** Its number on the wire. */
  readonly index: number
  /** A worker has died of it. From now on its runs are kept apart from others, which then lose nothing with the worker. */
  isDangerous = false
  #perItem = unknownTime

  constructor(index: number) {
    this.index = index
  }

  /** The time that so many items are expected to take, in milliseconds. */
  estimate(items: number): number {
    return this.#perItem * items
  }

  learn(perItem: number): void {
    // Quick to believe that a task takes long, slow to believe that it has become short: sending ahead wrongly costs more.
    const weight = this.#perItem === unknownTime ? 1 : perItem > this.#perItem ? 0.5 : 0.2
    this.#perItem += (perItem - this.#perItem) * weight
  }
}

/** The time that each task takes, learned from its runs, and its number. */
export class TaskTimes {
  /** By the URL of the module and the name: a call that a worker has returned has an identity of its own. */
  readonly #tasks = new Map<string, Map<string, TaskTime>>()
  /** The same, found faster. */
  readonly #found = new WeakMap<TaskIdentity, TaskTime>()
  #count = 0

  of(task: TaskIdentity): TaskTime {
    const found = this.#found.get(task)
    if (found !== undefined) return found
    const { url, name } = task
    let names = this.#tasks.get(url)
    if (names === undefined) this.#tasks.set(url, (names = new Map()))
    let times = names.get(name)
    if (times === undefined) names.set(name, (times = new TaskTime(this.#count++)))
    this.#found.set(task, times)
    return times
  }
}
