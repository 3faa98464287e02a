import { task } from 'skein'

export const add = task(import.meta, (a: number, b: number) => a + b, { name: 'fake-timers.add' })
export const twice = task(import.meta, (n: number) => 2 * n, { name: 'fake-timers.twice' })
export const spins = task(
  import.meta,
  function spins(): void {
    for (;;);
  },
  { name: 'fake-timers.spins' },
)

/** Returns at once, or not before somebody says so. */
export const holds = task(
  import.meta,
  function holds(gate?: Int32Array): void {
    if (gate) Atomics.wait(gate, 0, 0)
  },
  { name: 'fake-timers.holds' },
)
