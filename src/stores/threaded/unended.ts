/** Of so many calls it is known; who waits for one of the others asks for it. */
const most = 10_000

/**
 * The calls that were sent from here and whose end has not been announced, kept only while all ends are: who begins to wait for one
 * of them need not ask first whether it has ended, which would be a way there and back.
 */
export class Unended {
  readonly #ids = new Set<string>()
  #hears = false

  /** Says whether all ends are announced from now on. */
  hears(all: boolean): void {
    this.#hears = all
    if (!all) this.#ids.clear()
  }

  /** A call is about to be sent. */
  add(id: string): void {
    if (!this.#hears) return
    this.#ids.add(id)
    if (this.#ids.size <= most) return
    const [oldest] = this.#ids
    this.#ids.delete(oldest as string)
  }

  /** It has ended, or nobody knows whether it has. */
  delete(id: string): void {
    this.#ids.delete(id)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }
}
