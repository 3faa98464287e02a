import type { JsonOutput } from './output.ts'

/** The most results that may run ahead of one that is still missing before no more inputs are taken. */
const mostHeld = 4096

/** Writes result lines in the order of their positions, or as they come. */
export class ResultWriter {
  readonly #output: JsonOutput
  readonly #ordered: boolean
  readonly #held = new Map<number, string>()
  #next = 0
  #expected = 0
  #roomWanted: (() => void)[] = []
  #released = false

  constructor(output: JsonOutput, options: { readonly ordered: boolean }) {
    this.#output = output
    this.#ordered = options.ordered
  }

  /** Resolves when another input may be taken without the held results growing past their limit. */
  async room(): Promise<void> {
    while (this.#ordered && !this.#released && this.#expected - this.#next >= mostHeld) {
      await new Promise<void>(resolve => this.#roomWanted.push(resolve))
    }
  }

  /** Says that the input at this position is on its way. */
  expect(position: number): void {
    this.#expected = position + 1
  }

  /** Takes a result; resolves when more may come. */
  async write(position: number, line: string): Promise<void> {
    if (!this.#ordered) return this.#output.json(line)
    this.#held.set(position, line)
    const ready: string[] = []
    for (let text = this.#held.get(this.#next); text !== undefined; text = this.#held.get(this.#next)) {
      this.#held.delete(this.#next++)
      ready.push(text)
    }
    if (ready.length === 0) return
    for (const wake of this.#roomWanted.splice(0)) wake()
    for (const text of ready) await this.#output.json(text)
  }

  /** Lets everybody go who waits for room: the run is being stopped. */
  release(): void {
    this.#released = true
    for (const wake of this.#roomWanted.splice(0)) wake()
  }

  /** Writes what is still held back for one that will not come any more. */
  async flush(): Promise<void> {
    const rest = [...this.#held.entries()].sort(([a], [b]) => a - b).map(([, line]) => line)
    this.#held.clear()
    for (const line of rest) await this.#output.json(line)
  }
}
