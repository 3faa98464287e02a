import { pythonContestants } from '../lib/python.mjs'
import { held } from './goals.mjs'

// Sizes for about 40 to 80 ms per call; Python's are smaller because only the speed-up is compared.
const kernels = [
  { key: 'fib', kernel: 'fib', arg: 34, pythonArg: 28 },
  { key: 'sum of squares', kernel: 'squares', arg: 2_500_000, pythonArg: 600_000 },
  { key: 'primes', kernel: 'primes', arg: 500_000, pythonArg: 35_000 },
]

export function suite({ quick, workers }) {
  return {
    name: 'scaling',
    title: `CPU-bound calls: one after another in one process, and on ${workers} workers`,
    variants: quick ? kernels.slice(0, 1) : kernels,
    columns: [
      { metric: 'sequentialMs', label: 'one after another, ms', digits: 0 },
      { metric: 'parallelMs', label: `on ${workers} workers, ms`, digits: 0 },
      { metric: 'speedup', label: 'speed-up', digits: 2 },
    ],
    request: (contestant, { kernel, arg, pythonArg }) => ({
      kind: 'scaling',
      spec: contestant.spec,
      workers,
      kernel,
      arg: contestant.role === 'python' ? pythonArg : arg,
      calls: 8,
      repeats: 3,
    }),
    contestants: [
      { key: 'threads', label: 'skein threads', role: 'skein', spec: { library: 'skein', place: 'threads' } },
      { key: 'processes', label: 'skein processes', role: 'skein', spec: { library: 'skein', place: 'processes' } },
      { key: 'piscina', label: 'piscina, default', role: 'peer', spec: { library: 'piscina' } },
      {
        key: 'workerpool',
        label: 'workerpool, process',
        role: 'peer',
        spec: { library: 'workerpool', place: 'processes' },
      },
      { key: 'raw', label: 'bare threads (what the machine gives)', role: 'reference', spec: { library: 'raw' } },
      ...pythonContestants('scaling', [
        { key: 'py-pool', label: 'Python multiprocessing.Pool', spec: { api: 'Pool' } },
        { key: 'py-executor', label: 'Python ProcessPoolExecutor', spec: { api: 'ProcessPoolExecutor' } },
        { key: 'py-threads', label: 'Python ThreadPoolExecutor', spec: { api: 'ThreadPoolExecutor' } },
      ]),
    ],
    goals: cells =>
      workers !== 2
        ? []
        : ['threads', 'processes'].flatMap(key =>
            cells
              .filter(cell => cell.key === key)
              .map(cell => {
                return held({
                  what: `${cell.variant}, ${cell.label}: speed-up on 2 cores`,
                  goal: 'at least 1.8',
                  found: cell.metrics.speedup,
                  least: 1.8,
                  digits: 2,
                })
              }),
          ),
  }
}
