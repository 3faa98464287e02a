import { Worker } from 'node:worker_threads'
import type { OwnClaim } from './held.ts'
import { deputy, type DeputyData, type FromDeputy, type ToDeputy } from './deputy-thread.ts'

/**
 * A thread with a connection of its own that renews leases while the program's event loop is kept busy: a task that computes for longer
 * than its lease does not lose it. It is told of each claim, and does nothing as long as the program itself renews them in time. It
 * starts with the first claim, and connects when it is needed for the first time.
 */
export class Deputy {
  readonly #data: () => DeputyData
  readonly #tell: (outcomes: FromDeputy) => void
  #worker: Worker | undefined
  #isGone = false

  /** @param data made when the thread starts */
  constructor(data: () => DeputyData, tell: (outcomes: FromDeputy) => void) {
    this.#data = data
    this.#tell = tell
  }

  /** These were taken. */
  add(claims: readonly OwnClaim[]): void {
    if (!this.#isGone) this.#post({ claims, all: false })
  }

  /** The program has renewed what it holds. */
  renewed(claims: readonly OwnClaim[]): void {
    if (this.#worker !== undefined) this.#post({ claims, all: true })
  }

  async close(): Promise<void> {
    this.#isGone = true
    await this.#worker?.terminate()
  }

  #post(message: ToDeputy): void {
    this.#worker ??= this.#start()
    this.#worker.postMessage(message)
  }

  #start(): Worker {
    const worker = new Worker(`(${String(deputy)})(require)`, {
      eval: true,
      name: 'leases of a Redis store',
      workerData: this.#data(),
      // What the program was started with (loaders, --input-type) is not meant for this thread.
      execArgv: [],
    })
    worker.unref()
    worker.on('message', this.#tell)
    // Leases are renewed by the program alone then, as long as its event loop runs.
    worker.on('error', () => {})
    worker.on('exit', () => {
      this.#isGone = true
      this.#worker = undefined
    })
    return worker
  }
}
