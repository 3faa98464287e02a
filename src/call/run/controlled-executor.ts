import { type Owner, ownerOf, refusalOf, waitUnder } from '../../core/scope/owner.ts'
import { Waiter, WaitQueue } from '../../core/sync/wait-queue.ts'
import type { CloseOptions, LocalExecutor, WorkerMemory } from '../executor.ts'
import { BaseExecutor } from './base-executor.ts'

/**
 * An executor that can be waited for and held back: what `LocalExecutor` has beside `Executor`.
 *
 * Those who wait are in lines that are made for the first of them, and looked at whenever something has changed.
 */
export abstract class ControlledExecutor<P> extends BaseExecutor<P> implements LocalExecutor {
  #idle: WaitQueue<void> | undefined = undefined
  #empty: WaitQueue<void> | undefined = undefined

  /** Looks for what may begin, in a microtask. */
  protected abstract schedule(): void

  abstract workerMemory(): Promise<readonly WorkerMemory[]>

  get isPaused(): boolean {
    return this.paused
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.goOn()
    this.schedule()
  }

  clear(reason?: unknown): number {
    let count = 0
    for (const entry of this.everyEntry()) {
      if (entry.state !== 'launched' && entry.state !== 'waiting') continue
      this.stop(entry, { source: 'explicit', reason })
      count += entry.terms.items
    }
    return count
  }

  idle(owner?: Owner): Promise<void> {
    return this.#wait(
      'idle',
      owner,
      this.isIdle,
      () => (this.#idle ??= new WaitQueue({ describe: () => `${this.name} to be idle` })),
    )
  }

  empty(owner?: Owner): Promise<void> {
    return this.#wait(
      'empty',
      owner,
      this.unstarted === 0,
      () => (this.#empty ??= new WaitQueue({ describe: () => `${this.name} to be empty` })),
    )
  }

  override close(options?: CloseOptions): Promise<void> {
    const closed = super.close(options)
    this.resume()
    return closed
  }

  protected override changed(): void {
    if (this.#idle !== undefined && this.isIdle) this.#idle.settleAll()
    if (this.#empty !== undefined && this.unstarted === 0) this.#empty.settleAll()
  }

  async #wait(operation: string, owner: Owner | undefined, isSo: boolean, line: () => WaitQueue<void>): Promise<void> {
    const by = ownerOf(owner)
    const refusal = refusalOf(by, operation)
    if (refusal !== undefined) throw refusal
    if (!isSo) await waitUnder(new Waiter(line(), undefined), by, operation)
  }
}
