import type { Destination } from '../../call/codec/codec.ts'
import { nodeV8 } from '../../core/node.ts'

/** Tells when a worker uses more memory than it should. */
export class MemoryWatch {
  readonly #most: number
  /** The bytes that are in use. */
  readonly used: () => number

  /** @param most bytes; undefined: any number is fine, and none is asked for */
  constructor(most: number | undefined, kind: Destination) {
    this.#most = most ?? Number.POSITIVE_INFINITY
    this.used = kind === 'processes' ? process.memoryUsage.rss : heapAndBuffers
  }

  tooMuch(): boolean {
    return this.#most !== Number.POSITIVE_INFINITY && this.used() > this.#most
  }
}

/** The memory of this thread alone: that of the process is that of all its threads. */
function heapAndBuffers(): number {
  const { used_heap_size, external_memory } = nodeV8().getHeapStatistics()
  return used_heap_size + external_memory
}
