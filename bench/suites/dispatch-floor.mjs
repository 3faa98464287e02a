import { libuvPresent } from '../contestants/libuv.mjs'
import { compilerPresent } from '../lib/compiler.mjs'
import { ratio } from './goals.mjs'
import { runOnThreads } from './pools.mjs'

const variant = '1 in flight'

/** One call in flight, beside what waking a thread costs on this machine whoever does it. */
export function suite({ quick }) {
  const reference = { role: 'reference', versus: 'run' }
  return {
    name: 'dispatch-floor',
    title: 'One call in flight on a thread, beside what it takes to wake one',
    variants: [{ key: variant }],
    columns: [
      { metric: 'p50', label: 'p50, µs', digits: 1, ratio: 'p50' },
      { metric: 'p99', label: 'p99, µs', digits: 0 },
    ],
    request: ({ spec }) => ({
      kind: 'round-trip',
      spec,
      warmupMs: quick ? 300 : 1_500,
      latencyMs: quick ? 300 : 1_500,
    }),
    contestants: [
      runOnThreads,
      {
        key: 'spin',
        label: 'skein threads, spin: 0.2',
        role: 'skein',
        spec: { ...runOnThreads.spec, options: { spin: 0.2 } },
      },
      { key: 'piscina', label: 'piscina, default', role: 'peer', versus: 'run', spec: { library: 'piscina' } },
      { key: 'raw', label: "bare postMessage, Node's own floor", ...reference, spec: { library: 'raw' } },
      { key: 'atomics', label: "bare Atomics.wait, V8's", ...reference, spec: { library: 'atomics' } },
      {
        key: 'libuv',
        label: "bare uv_async_send, libuv's",
        ...reference,
        spec: { library: 'libuv' },
        absent: !libuvPresent,
      },
      {
        key: 'futex',
        label: "futex in C, the system's",
        ...reference,
        spec: { library: 'futex' },
        absent: !compilerPresent,
      },
    ],
    goals: cells => [
      ratio(cells, {
        what: 'one call in flight on a thread, p50',
        goal: "at most 1.05x of bare Node's own floor",
        variant,
        key: 'run',
        against: 'raw',
        metric: 'p50',
        most: 1.05,
        why: 'the floor is two wake-ups of a sleeping core, which differ by more than what skein adds to them',
        digits: 1,
        unit: ' µs',
      }),
      ratio(cells, {
        what: 'one call in flight on a thread with spin, p50',
        goal: "below the system's own floor",
        variant,
        key: 'spin',
        against: 'futex',
        metric: 'p50',
        most: 1,
        digits: 1,
        unit: ' µs',
        needs: 'needs cc',
      }),
    ],
  }
}
