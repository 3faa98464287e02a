import { pythonContestants } from '../lib/python.mjs'
import { ratio } from './goals.mjs'

const pair = ['threads', 'processes']

export function suite({ quick, workers }) {
  return {
    name: 'map',
    title: `A map over ${quick ? '200,000' : 'a million'} items of a microsecond: in one thread, and on ${workers} workers`,
    variants: [{ key: 'map' }],
    columns: [
      { metric: 'sequentialMs', label: 'in one thread, ms', digits: 0 },
      { metric: 'parallelMs', label: `on ${workers} workers, ms`, digits: 0 },
      { metric: 'speedup', label: 'speed-up', digits: 2 },
    ],
    request: contestant => ({
      kind: 'map',
      spec: contestant.spec,
      workers,
      // Python takes some 50 ns for each turn of a loop, and only the speed-up is compared.
      items: quick ? 200_000 : 1_000_000,
      repeats: quick ? 2 : 4,
    }),
    limitMs: 90_000,
    contestants: [
      ...pair.map(place => ({
        key: place,
        label: `skein ${place}`,
        role: 'skein',
        spec: { library: 'skein', place, map: true },
      })),
      {
        key: 'bare',
        label: 'bare threads, an equal part each (what the machine gives)',
        role: 'reference',
        spec: { library: 'parts' },
      },
      ...pythonContestants('map', [
        { key: 'py-pool', label: 'Python Pool.map, chunks of 256', spec: { api: 'Pool' } },
        {
          key: 'py-executor',
          label: 'Python ProcessPoolExecutor.map, chunks of 256',
          spec: { api: 'ProcessPoolExecutor' },
        },
      ]),
    ],
    goals: cells => [
      ratio(cells, {
        what: `map of ${quick ? '200,000' : 'a million'} items of 1 µs on ${workers} threads: its speed-up`,
        goal: 'at least 0.9 of what bare threads give',
        variant: 'map',
        key: 'threads',
        against: 'bare',
        metric: 'speedup',
        least: 0.9,
        digits: 2,
        why: 'each item costs 0.25 µs of processor time to take, send and collect, which two cores have to find',
      }),
    ],
  }
}
