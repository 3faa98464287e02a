import { pythonContestants } from '../lib/python.mjs'
import { goal, ratio } from './goals.mjs'

const lock = 'lock and unlock, one thread'
const contended = 'one lock, two threads'
const turns = 'in turns, by a condition'
const signals = 'in turns, by two semaphores'
const narrow = 'a bounded queue, 1 to 1'
const wide = 'a bounded queue, 2 to 2'
const get = 'a map of 1000 keys, get'
const set = 'a map of 1000 keys, set'
const maps = [get, set]

const about = {
  [lock]: { kernel: 'lock', with: 'mutex', threads: 1, count: 5_000_000 },
  [contended]: { kernel: 'contended', with: 'mutex', threads: 2, count: 1_000_000 },
  [turns]: { kernel: 'handover', with: 'condition', threads: 2, count: 100_000 },
  [signals]: { kernel: 'handover', with: 'semaphores', threads: 2, count: 200_000 },
  [narrow]: { kernel: 'queue', with: 'queue', threads: 2, count: 1_000_000 },
  [wide]: { kernel: 'queue', with: 'queue', threads: 4, count: 500_000 },
  [get]: { kernel: 'get', with: 'map', threads: 1, count: 3_000_000 },
  [set]: { kernel: 'set', with: 'map', threads: 1, count: 3_000_000 },
}
/** The part of the operations that takes multithreading as long as the others. */
const shares = { queue: 0.05, map: 0.01 }

/** Memory that threads share: locks, hand-overs, queues, maps. */
export function suite({ quick }) {
  return {
    name: 'shared',
    title: 'Memory that threads share: what one operation takes',
    variants: Object.keys(about).map(key => ({ key })),
    columns: [
      { metric: 'ns', label: 'ns', digits: 1, ratio: 'ns' },
      { metric: 'rate', label: 'per second', digits: 0 },
    ],
    request: ({ spec }, { key }) => ({
      ...about[key],
      ...(spec.hold ? { with: 'hold' } : {}),
      kind: 'shared',
      spec,
      count: Math.round((about[key].count * (spec.isSlow ? (shares[about[key].with] ?? 1) : 1)) / (quick ? 5 : 1)),
      capacity: maps.includes(key) ? 1_000 : 64,
    }),
    limitMs: 60_000,
    contestants: [
      { key: 'skein', label: 'skein', role: 'skein', spec: { library: 'skein' } },
      {
        key: 'hold',
        label: 'skein, holdSync',
        role: 'reference',
        versus: 'skein',
        spec: { library: 'skein', hold: true },
        only: [lock],
      },
      {
        key: 'multithreading',
        label: 'multithreading',
        role: 'peer',
        versus: 'skein',
        spec: { library: 'multithreading', isSlow: true },
        only: Object.keys(about).filter(key => key !== signals && key !== set),
      },
      {
        key: 'atomics',
        label: 'Atomics by hand; a plain Map',
        role: 'reference',
        versus: 'skein',
        spec: { library: 'atomics' },
      },
      ...pythonContestants('shared', [
        { key: 'python', label: "Python's threading, queue and dict", versus: 'skein', spec: {} },
      ]),
    ],
    goals: cells => [
      goal(cells, {
        what: 'a lock that nobody else wants: lock and unlock',
        goal: 'at most 60 ns',
        variant: lock,
        metric: 'ns',
        most: 60,
        digits: 1,
        unit: ' ns',
      }),
      ...[
        [
          contended,
          "threading's lock",
          "Python's threads never run at the same time: of two the second one finds the lock free nearly always, and pays for a lock that nobody else wants",
        ],
        [
          turns,
          "threading's condition",
          'each turn is two waits: for the notification, and then for the lock, which the one that has notified still holds',
        ],
        [signals, "threading's semaphores"],
        [narrow, 'queue.Queue'],
        [wide, 'queue.Queue'],
      ].map(([variant, theirs, why]) =>
        ratio(cells, {
          what: `${variant}: beside Python's`,
          goal: `at least 5x ${theirs}`,
          variant,
          against: 'python',
          metric: 'rate',
          least: 5,
          unit: ' a second',
          why,
        }),
      ),
      ...maps.map(variant =>
        ratio(cells, {
          what: `${variant}: beside a plain Map`,
          goal: 'at most 3x what a Map of one thread takes',
          variant,
          against: 'atomics',
          metric: 'ns',
          most: 3,
          digits: 1,
          unit: ' ns',
          why: 'it looks the key up in a Map of its own, to find the place in shared memory; to enter as the only writer and to leave are two steps of Atomics, which take longer than that',
        }),
      ),
    ],
    notes: [
      'Each thread of a Worker by itself; what they share was made in the program. Sums, turns and totals are checked.',
      'In turns: two threads that can only go on alternately. Capacity of the queues: 64; what is sent are numbers.',
      'The SharedJsonBuffer of multithreading loses all that is in it after some 3,000 changes (findings/shared-json-buffer.sh), so there is no figure for it.',
    ],
  }
}
