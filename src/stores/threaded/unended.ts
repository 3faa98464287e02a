import { LatestIds } from './latest-ids.ts'

/**
 * The calls that were sent from here and whose end has not been announced, kept only while all ends are: who begins to wait for one
 * of them need not ask first whether it has ended, which would be a way there and back. Of very many only the latest are known; who
 * waits for one of the others asks for it.
 */
export class Unended {
  readonly #ids = new LatestIds()
  #hears = false

  /** Says whether all ends are announced from now on. */
  hears(all: boolean): void {
    this.#hears = all
    if (!all) this.#ids.clear()
  }

  /** A call is about to be sent. */
  add(id: string): void {
    if (this.#hears) this.#ids.add(id)
  }

  /** It has ended, or nobody knows whether it has. */
  delete(id: string): void {
    this.#ids.delete(id)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }
}
