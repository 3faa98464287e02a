/**
 * The clock of a fleet, as Lamport has it: a number that is higher with each thing that is told, and higher than all that was heard of.
 * It puts in order what many tell whose watches differ.
 */
export class FleetClock {
  #value = 0

  get value(): number {
    return this.#value
  }

  /** The number of what is told next. */
  forward(): number {
    return ++this.#value
  }

  /** Somebody has told something under this number. */
  heard(value: number | undefined): void {
    if (value !== undefined && Number.isSafeInteger(value) && value < Number.MAX_SAFE_INTEGER / 2) {
      this.#value = Math.max(this.#value, value) + 1
    }
  }
}
