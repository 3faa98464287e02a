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
    for (let first = this.#chunks[0]; first !== undefined; first = this.#chunks[0]) {
      if (this.#size - first.length < this.#limit) return
      this.#size -= first.length
      this.#chunks.shift()
    }
  }

  bytes(): Buffer {
    const all = Buffer.concat(this.#chunks)
    return all.length > this.#limit ? all.subarray(all.length - this.#limit) : all
  }
}
