/**
 * The time after which it looks whether the file has changed though no bell rang, in milliseconds: some file systems
 * cannot notify.
 */
const backstop = 3_000

/** Notices that others have written into the file: looks when the bell has rung, and now and then all the same. */
export class Lookout {
  readonly #versionOf: () => number
  #version = -1
  #rang = false
  #next = 0

  /** @param versionOf the version of the file's data, which is another one once others have written; throws where it cannot be read */
  constructor(versionOf: () => number) {
    this.#versionOf = versionOf
  }

  /** The moment at which it looks though no bell rings. */
  get next(): number {
    return this.#next
  }

  /** The bell has rung. */
  ring(): void {
    this.#rang = true
  }

  /** Calls `look` if it is time for that and others have written. Where that throws, it is called again the next time. */
  around(time: number, look: () => void): void {
    if (!this.#rang && this.#next > time) return
    this.#rang = false
    this.#next = time + backstop * (0.75 + Math.random() / 2)
    try {
      const version = this.#versionOf()
      // The same as before when the bell was rung by this process itself: its own commits do not count.
      if (version === this.#version) return
      look()
      this.#version = version
    } catch {
      // The next request will meet the same trouble, and report it to its caller.
    }
  }
}
