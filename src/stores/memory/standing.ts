import type { Entry } from './entry.ts'
import { Heap } from './heap.ts'
import { Lines } from './lines.ts'
import type { Signal } from './signal.ts'

/** The calls that wait: their places in line, and the times at which something happens to them although nobody asks. */
export class Standing {
  readonly lines: Lines = new Lines()
  readonly #wakes = new Heap<Entry>((a, b) => a.wakeAt < b.wakeAt || (a.wakeAt === b.wakeAt && a.sequence < b.sequence))
  readonly #now: () => number
  readonly #tell: (signal: Signal) => void
  #place = 0

  constructor(now: () => number, tell: (signal: Signal) => void) {
    this.#now = now
    this.#tell = tell
  }

  /** The time of the next thing that happens by itself; Infinity for never. */
  get wakesAt(): number {
    return this.#wakes.peek()?.wakeAt ?? Infinity
  }

  /** One to which something happens now by itself. */
  woken(): Entry | undefined {
    const entry = this.#wakes.peek()
    return entry && entry.wakeAt <= this.#now() ? entry : undefined
  }

  /** It waits until it is due, or takes its place in line when it is. */
  wait(entry: Entry): void {
    if (entry.foreign) return this.hold(entry)
    const ready = entry.dueAt <= this.#now()
    entry.state = ready ? 'ready' : 'delayed'
    this.#rouse(entry)
    if (!ready) return
    entry.place = ++this.#place
    this.enqueue(entry)
  }

  /** It stands in line, where it has its place. */
  enqueue(entry: Entry): void {
    if (entry.foreign) return this.hold(entry)
    entry.state = 'ready'
    this.#rouse(entry)
    this.lines.of(entry.call.queue, entry.call.task).add(entry)
    this.#tell({ signal: 'claimable', queue: entry.call.queue })
  }

  /** It stands in no line. */
  hold(entry: Entry): void {
    entry.state = 'held'
    this.#rouse(entry)
  }

  /** Nothing happens to it by itself any more, and it stands nowhere. */
  leave(entry: Entry): void {
    this.#wakes.delete(entry)
    this.lines.remove(entry)
  }

  #rouse(entry: Entry): void {
    this.#wakes.delete(entry)
    const { state } = entry
    const due = state === 'delayed' ? entry.dueAt : state === 'held' ? entry.letGoAt : Infinity
    entry.wakeAt = Math.min(due, entry.expiresAt, entry.deadlineAt)
    if (entry.wakeAt !== Infinity) this.#wakes.add(entry)
  }
}
