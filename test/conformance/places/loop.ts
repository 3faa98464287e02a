import { loop } from 'skein'
import type { OpenOptions, Place } from '../suite.ts'

/** The event loop: no border, nothing to bundle for, no workers, and no way to reach a task that does not give way. */
export const loopPlace: Place = {
  name: 'loop',
  can: new Set(),
  open(options: OpenOptions = {}) {
    const { workers, concurrency, maxQueue, overload, grace } = options
    return loop({
      ...(workers === undefined && concurrency === undefined
        ? {}
        : { concurrency: (workers ?? 1) * (concurrency ?? 1) }),
      ...(maxQueue === undefined ? {} : { maxQueue }),
      ...(overload === undefined ? {} : { overload }),
      ...(grace === undefined ? {} : { grace }),
    })
  },
}
