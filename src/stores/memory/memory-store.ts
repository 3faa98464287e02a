import { brandClass } from '../../core/brand.ts'
import { ClosedError } from '../../core/errors/errors.ts'
import { milliseconds } from '../../core/time/duration.ts'
import { checkMembers, checkSignal } from '../check.ts'
import { Listeners } from '../listeners.ts'
import type { Counters } from '../roles/counters.ts'
import type { CloseStoreOptions, Store } from '../roles/store.ts'
import type { Transfer } from '../roles/transfer.ts'
import type { Ledger } from './ledger.ts'
import type { Handle, Memory } from './memory.ts'
import { MemoryBroker } from './roles/broker.ts'
import { MemoryInspector } from './roles/inspector.ts'
import { MemoryRegistry } from './roles/registry.ts'
import { MemoryResults } from './roles/results.ts'
import { MemorySchedules } from './roles/schedules.ts'
import { memoryTransfer } from './roles/transfer.ts'

/** One who has the memory open. */
export class MemoryStore implements Store, Handle {
  static {
    brandClass(this, 'Store')
  }

  readonly url: string
  readonly location: string
  readonly broker: MemoryBroker
  readonly results: MemoryResults
  readonly inspector: MemoryInspector
  readonly registry: MemoryRegistry
  readonly counters: Counters
  readonly schedules: MemorySchedules
  readonly transfer: Transfer
  /** @internal */
  readonly listeners: Listeners
  /** @internal */
  readonly memory: Memory
  readonly #onClosed: () => void
  #closed = false

  constructor(memory: Memory, url: string, onClosed: () => void) {
    this.url = url
    this.location = memory.location
    this.memory = memory
    this.#onClosed = onClosed
    this.listeners = new Listeners(() => memory.changed())
    this.broker = new MemoryBroker(this)
    this.results = new MemoryResults(this)
    this.inspector = new MemoryInspector(this)
    this.registry = new MemoryRegistry(this)
    this.schedules = new MemorySchedules(this)
    this.transfer = memoryTransfer(this)
    this.counters = {
      members: async (counter, after) => {
        checkMembers(counter, after)
        return this.read(ledger => ledger.members(counter, after))
      },
      signal: async (id, name, value) => {
        checkSignal(id, name, value)
        return this.write(ledger => ledger.signal(id, name, value))
      },
    }
    memory.handles.add(this)
  }

  async close({ timeout = 0 }: CloseStoreOptions = {}): Promise<void> {
    milliseconds(timeout, 'timeout') // it never waits
    if (this.#closed) return
    this.#closed = true
    const { ledger, handles, workers } = this.memory
    for (const entry of ledger.entries.values()) {
      if (entry.state === 'running' && entry.holder === this) ledger.release(entry, 0)
    }
    ledger.finish()
    for (const [worker, { owner }] of workers) if (owner === this) workers.delete(worker)
    handles.delete(this)
    this.listeners.clear()
    this.#onClosed()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal For tests: puts things right that are due. */
  sweep(): void {
    this.write(ledger => ledger.sweep())
  }

  /** @internal */
  cancelling(id: string, reason: string): void {
    this.listeners.tell('cancelling', id, reason)
  }

  /** @internal */
  lost(id: string, token: number): void {
    this.listeners.tell('lost', id, token)
  }

  /** @internal */
  write<T>(change: (ledger: Ledger) => T): T {
    this.mustBeOpen()
    const { ledger } = this.memory
    const result = change(ledger)
    ledger.finish()
    this.memory.changed()
    return result
  }

  /** @internal */
  read<T>(look: (ledger: Ledger) => T): T {
    this.mustBeOpen()
    const { ledger } = this.memory
    ledger.promote()
    return look(ledger)
  }

  /** @internal */
  get isClosed(): boolean {
    return this.#closed
  }

  /** @internal */
  mustBeOpen(): void {
    if (this.#closed) throw new ClosedError(`The store ${this.url} has been closed. Open it again to go on with it`)
  }
}
