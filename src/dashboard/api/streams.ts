import { Refusal } from '../answers.ts'

/** So many answers may be written at the same time, piece by piece. */
const most = 256

/** Something that is being written for as long as its reader is there. */
export interface Writing {
  /** Writes a piece. Nothing where the reader has gone. */
  write(text: string): void
  /** Resolves once the reader has taken what was written, or has gone. */
  taken(): Promise<void>
  end(): void
  /** Aborts when the reader has gone, or the dashboard is closed. */
  readonly signal: AbortSignal
}

/** The answers that are written piece by piece, so that `close` can end them. */
export class Streams {
  readonly #open = new Set<() => void>()

  /**
   * Begins one.
   *
   * @param write is called once, and goes on until its signal aborts
   * **Errors**: `Refusal` where there are too many.
   */
  begin(write: (writing: Writing) => void): ReadableStream<Uint8Array> {
    if (this.#open.size >= most)
      throw new Refusal(503, 'too-many', `This dashboard has ${most} streams open already. Close other windows of it.`)
    const encoder = new TextEncoder()
    const controller = new AbortController()
    let stream: ReadableStreamDefaultController<Uint8Array> | undefined
    let pulled: (() => void)[] = []
    const wake = (): void => {
      for (const each of pulled) each()
      pulled = []
    }
    const end = (): void => {
      if (!this.#open.delete(end)) return
      controller.abort()
      try {
        stream?.close()
      } catch {
        // The reader has gone first.
      }
      wake()
    }
    this.#open.add(end)
    return new ReadableStream<Uint8Array>(
      {
        start: opened => {
          stream = opened
          write({
            write: text => {
              if (!controller.signal.aborted) opened.enqueue(encoder.encode(text))
            },
            taken: async () => {
              if (!controller.signal.aborted && (opened.desiredSize ?? 0) <= 0)
                await new Promise<void>(resolve => pulled.push(resolve))
            },
            end,
            signal: controller.signal,
          })
        },
        pull: wake,
        cancel: end,
      },
      { highWaterMark: 16 },
    )
  }

  close(): void {
    for (const end of this.#open) end()
  }
}
