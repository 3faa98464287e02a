/** Keeps what a program writes, up to a limit; of what is more, the end. */
export class Captured {
  readonly #limit: number
  readonly #overflow: () => void
  #chunks: Buffer[] = []
  #size = 0

  /** @param overflow called when more comes than may be kept */
  constructor(limit: number, overflow: () => void = () => {}) {
    this.#limit = limit
    this.#overflow = overflow
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#size <= this.#limit) return
    this.#overflow()
    // Whole chunks go, so the end that is kept may be a little longer than the limit until it is read.
    while (this.#size - (this.#chunks[0] as Buffer).length >= this.#limit) {
      this.#size -= (this.#chunks.shift() as Buffer).length
    }
  }

  bytes(): Buffer {
    const all = Buffer.concat(this.#chunks)
    return all.length > this.#limit ? all.subarray(all.length - this.#limit) : all
  }
}
