import { constants } from 'node:os'
import type { StopReport } from '../../../queue/worker/reports.ts'
import type { QueueWorker } from '../../../queue/worker/queue-worker.ts'

const names = ['SIGINT', 'SIGTERM'] as const

/** The exit code for a signal, as shells count: 128 and its number. */
function exitCodeOf(signal: (typeof names)[number]): number {
  return 128 + constants.signals[signal]
}

/**
 * SIGINT and SIGTERM, as a worker takes them. They are heard from its making on: as the first process of a container a program
 * is sent no signal that it does not listen for, and modules may take long to load.
 */
export class StopSignals {
  readonly #listeners = names.map(name => [name, (): void => this.#on(name)] as const)
  readonly #say: (text: string) => void
  #worker: QueueWorker | undefined
  #count = 0
  #forced: number | undefined

  /** @param say tells a person what the signal did, and what the next one would */
  constructor(say: (text: string) => void) {
    this.#say = say
    for (const [name, listener] of this.#listeners) process.on(name, listener)
  }

  /**
   * Lets a worker run until it is asked to stop: the first signal lets jobs finish, the second breaks them off, the third ends
   * the program on the spot.
   */
  async untilStopped(
    worker: QueueWorker,
  ): Promise<{ readonly report: StopReport; readonly forced: number | undefined }> {
    this.#worker = worker
    const report = await worker.done
    return { report, forced: this.#forced }
  }

  /** Hears no more signals. */
  close(): void {
    for (const [name, listener] of this.#listeners) process.off(name, listener)
  }

  #on(signal: (typeof names)[number]): void {
    const worker = this.#worker
    if (worker === undefined) {
      // It has taken no job, so there is nothing to wait for.
      this.#say('Stopped before it had begun.')
      process.exit(0)
    }
    this.#count++
    if (this.#count === 1) {
      const { running } = worker.stats()
      if (running > 0) this.#say(`Stopping: ${running} running, which may finish. Again breaks them off.`)
      void worker.close()
    } else if (this.#count === 2) {
      this.#forced = exitCodeOf(signal)
      if (worker.stats().running > 0) this.#say('Breaking off what runs. Again ends this program on the spot.')
      void worker.close({ timeout: 0 })
    } else process.exit(exitCodeOf(signal))
  }
}
