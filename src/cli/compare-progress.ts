import type { CompareOptions } from '../advisor/compare.ts'
import { Progress, type ProgressStream } from './ui/progress.ts'

/** Shows how far a comparison is, in hundredths. */
export class CompareProgress {
  readonly #progress: Progress
  readonly #label: string

  constructor(stream: ProgressStream, label: string, quiet: boolean) {
    this.#label = label
    this.#progress = new Progress(stream, { label, total: 100, quiet, percentOnly: true })
  }

  /** To be given to `compare`. */
  get listener(): NonNullable<CompareOptions['onProgress']> {
    return (step, done) => {
      this.#progress.label(`${this.#label}: ${step}`)
      this.#progress.update({ done: Math.floor(done * 100) })
    }
  }

  say(text: string): void {
    this.#progress.say(text)
  }

  stop(): void {
    this.#progress.stop()
  }
}
