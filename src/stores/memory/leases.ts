import type { Entry } from './entry.ts'
import { Heap } from './heap.ts'

/** The claims that have a lease of their own, by when it runs out. */
export class Leases extends Heap<Entry> {
  constructor() {
    super((a, b) => a.leaseUntil < b.leaseUntil)
  }

  /** Takes out those whose leases have run out at a moment. */
  takeUntil(moment: number): Entry[] {
    const over: Entry[] = []
    for (let entry = this.peek(); entry && entry.leaseUntil <= moment; entry = this.peek()) {
      this.delete(entry)
      over.push(entry)
    }
    return over
  }
}

/** Counts the calls that have begun at each worker, so that its death would be a death of theirs. */
export function begunBy(entries: readonly Entry[]): Map<string | undefined, number> {
  const begun = new Map<string | undefined, number>()
  for (const { state, blamed, worker } of entries) {
    if (state === 'running' && blamed) begun.set(worker, (begun.get(worker) ?? 0) + 1)
  }
  return begun
}
