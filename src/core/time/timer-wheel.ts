/** Something that waits for its time, as the wheel sees it: a node of the wheel's lists. */
export interface TimerNode {
  /** @internal */
  timerPrev: TimerNode | undefined
  /** @internal */
  timerNext: TimerNode | undefined
  /** @internal The wheel that it waits in; undefined before and after. */
  wheel: TimerWheel | undefined
  /** The tick at which it rings. */
  due: number
  /** False for one that must not keep the program running. */
  readonly keepAlive: boolean
  /** Its time has come; it has left the wheel. */
  ring(): void
}

const levels = 6
const bits = 5
const slotsEach = 1 << bits
const windowBits = levels * bits
const windowTicks = 2 ** windowBits
const farSlot = levels * slotsEach
const dueSlot = farSlot + 1

/**
 * The timers that wait, sorted by when they are due.
 *
 * Time is cut into ticks of a millisecond. The wheel has six levels of 32 slots: a timer that is due within the same 32
 * ticks as now sits on the lowest level in the slot of its tick; one that is due within the same 1024 ticks sits one level
 * up, in the slot of its 32 ticks; and so on. What is due after the current window of 2^30 ticks (12 days) waits in a list
 * of its own. When time reaches a slot of a higher level, its timers move down. So putting in and taking out cost the same
 * with ten timers and with a million, and each timer is moved at most once for each level.
 *
 * Invariant: a timer is in the slot that follows from its tick and the present tick, see `#slotOf`. A timer never moves
 * down into a slot that is in use by then, and every list is first in, first out: so timers of the same tick ring in the
 * order in which they were put in.
 */
export class TimerWheel {
  /** The first node of each list; the lists are rings. */
  readonly #slots: (TimerNode | undefined)[] = new Array<TimerNode | undefined>(dueSlot + 1).fill(undefined)
  /** One bit for each slot of a level. A bit may be set though its slot has become empty. */
  readonly #occupied: number[] = new Array<number>(levels).fill(0)
  /** Whatever is due up to and including this tick is in the list of the due. */
  #tick: number
  /** The tick at which the window of the present tick begins. */
  #windowStart: number
  #size = 0
  #keepingAlive = 0

  readonly #onIdle: (() => void) | undefined

  /**
   * @param tick the present time
   * @param onIdle called when the last timer that kept the program running is taken out
   */
  constructor(tick: number, onIdle?: () => void) {
    this.#onIdle = onIdle
    this.#tick = tick
    this.#windowStart = windowOf(tick)
  }

  /** The number of timers that wait. */
  get size(): number {
    return this.#size
  }

  /** The number of them that keep the program running. */
  get keepingAlive(): number {
    return this.#keepingAlive
  }

  /** True while something is due. */
  get ringing(): boolean {
    return this.#slots[dueSlot] !== undefined
  }

  /** Puts in a timer that is in no wheel; its `due` has been set. */
  add(node: TimerNode): void {
    node.wheel = this
    this.#size++
    if (node.keepAlive) this.#keepingAlive++
    this.#place(node)
  }

  /** Takes out a timer that is in this wheel. */
  remove(node: TimerNode): void {
    const next = node.timerNext as TimerNode
    const slot = this.#slotOf(node.due)
    if (next === node) this.#slots[slot] = undefined
    else {
      const previous = node.timerPrev as TimerNode
      previous.timerNext = next
      next.timerPrev = previous
      if (this.#slots[slot] === node) this.#slots[slot] = next
    }
    node.timerPrev = node.timerNext = node.wheel = undefined
    this.#size--
    if (node.keepAlive && --this.#keepingAlive === 0) this.#onIdle?.()
  }

  /** Moves on to a tick. What is due by then is given out by `takeDue`, in order. */
  advance(tick: number): void {
    for (let next = this.#nextSlot(); next <= tick; next = this.#nextSlot()) this.#enter(next)
    if (tick <= this.#tick) return
    this.#tick = tick
    // Past the window only where nothing waits beyond it.
    if (tick >= this.#windowStart + windowTicks) this.#windowStart = windowOf(tick)
  }

  /** Takes out the earliest timer that is due; undefined when no timer is due. */
  takeDue(): TimerNode | undefined {
    const node = this.#slots[dueSlot]
    if (node !== undefined) this.remove(node)
    return node
  }

  /**
   * The tick to advance to next: of the timers that are not yet in the list of the due, none is due earlier than this tick,
   * and one may be. Infinity when there are none.
   */
  get next(): number {
    return this.#nextSlot()
  }

  /** The tick at which the next timer is due, exactly. Takes longer than `next`: it looks through the timers of one slot. */
  nextDue(): number {
    if (this.ringing) return this.#tick
    const start = this.#nextSlot()
    if (start === Infinity) return Infinity
    let earliest = Infinity
    const first = this.#slots[this.#slotOf(start)] as TimerNode
    let at = first
    do {
      if (at.due < earliest) earliest = at.due
      at = at.timerNext as TimerNode
    } while (at !== first)
    return earliest
  }

  #slotOf(due: number): number {
    if (due <= this.#tick) return dueSlot
    const ahead = due - this.#windowStart
    if (ahead >= windowTicks) return farSlot
    const level = ((31 - Math.clz32(ahead ^ (this.#tick - this.#windowStart))) / bits) | 0
    return level * slotsEach + ((ahead >>> (level * bits)) & (slotsEach - 1))
  }

  #place(node: TimerNode): void {
    const slot = this.#slotOf(node.due)
    const first = this.#slots[slot]
    if (first === undefined) {
      node.timerPrev = node.timerNext = node
      this.#slots[slot] = node
      if (slot < farSlot) (this.#occupied[slot >>> bits] as number) |= 1 << (slot & (slotsEach - 1))
    } else {
      const last = first.timerPrev as TimerNode
      node.timerPrev = last
      node.timerNext = first
      last.timerNext = first.timerPrev = node
    }
  }

  /** The tick at which the next slot in use begins. */
  #nextSlot(): number {
    const position = this.#tick - this.#windowStart
    for (let level = 0; level < levels; level++) {
      for (let used = this.#occupied[level] as number; used !== 0; used = this.#occupied[level] as number) {
        const lowest = used & -used
        const index = 31 - Math.clz32(lowest)
        if (this.#slots[level * slotsEach + index] !== undefined) {
          const shift = level * bits
          const above = (position >>> (shift + bits)) << (shift + bits)
          return this.#windowStart + above + (index << shift)
        }
        this.#occupied[level] = used & ~lowest
      }
    }
    return this.#slots[farSlot] === undefined ? Infinity : this.#windowStart + windowTicks
  }

  /** Reaches the next slot in use: its timers move down, or are due. */
  #enter(tick: number): void {
    const slot = this.#slotOf(tick)
    const first = this.#slots[slot]
    this.#slots[slot] = undefined
    this.#tick = tick
    if (slot === farSlot) this.#windowStart = tick
    if (first === undefined) return
    // On the lowest level all are due at this tick: the list moves as it is.
    for (let node = first, last = first.timerPrev as TimerNode; ;) {
      const next = node.timerNext as TimerNode
      this.#place(node)
      if (node === last) return
      node = next
    }
  }
}

function windowOf(tick: number): number {
  return Math.floor(tick / windowTicks) * windowTicks
}
