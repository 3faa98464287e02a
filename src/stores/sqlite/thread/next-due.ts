import { type Due, never } from '../calls/due.ts'

/**
 * So long after the last time, in milliseconds, the file is asked again where only others have written: they look after what they
 * have made due themselves, as long as they are there.
 */
const restAfter = 20

/** Knows when something in the file is due next. The file is asked for that only when it may have changed. */
export class NextDue {
  readonly #ask: () => Due
  #due: Due = never
  /** Something may be due sooner, through what was done here. */
  #sooner = true
  /** Others have written since the file was asked. */
  #other = false
  #askAgain = 0

  /** @param ask asks the file; throws where that cannot be read */
  constructor(ask: () => Due) {
    this.#ask = ask
  }

  /** Something was done here that may be due sooner than all before. */
  mayBeSooner(): void {
    this.#sooner = true
  }

  /** Others have written. */
  mayBeOther(): void {
    this.#other = true
  }

  /** Forgets what is due, since that is being seen to: until the file is asked again nothing is known to be due. */
  forget(): void {
    this.#due = never
    this.#sooner = true
  }

  /** True when something is due by one of the two clocks, as far as it is known. */
  isReached(wall: number, time: number): boolean {
    return this.#due.wall <= wall || this.#due.steady <= time
  }

  /** Asks the file. */
  ask(time: number): void {
    this.#askAgain = time + restAfter
    try {
      this.#due = this.#ask()
      this.#sooner = this.#other = false
    } catch {
      this.#due = never
    }
  }

  /** Milliseconds until something is due, or until the file is to be asked for that. Asks it where need be. */
  wait(wall: number, time: number): number {
    if (this.#sooner || (this.#other && time >= this.#askAgain)) this.ask(time)
    const { wall: byWall, steady } = this.#due
    return Math.min(byWall - wall, steady - time, this.#other ? this.#askAgain - time : Infinity)
  }
}
