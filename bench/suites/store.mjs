import { goal, ratio } from './goals.mjs'

const contestants = [
  { key: 'full', label: 'SQLite, full', role: 'skein', spec: { durability: 'full' } },
  { key: 'relaxed', label: 'SQLite, relaxed', role: 'skein', spec: { durability: 'relaxed' } },
]

export function fair({ quick }) {
  const ms = quick ? 1_000 : 3_000
  const one = '1 producer, 1 worker'
  const two = '2 producers, 2 workers'
  return {
    name: 'store-fair',
    title: 'Store: several processes on one file, calls in lots of a hundred',
    variants: [
      { key: one, producers: 1, workers: 1 },
      { key: two, producers: 2, workers: 2 },
    ],
    /** By names that are not public: a build before this one is measured by its own programs. */
    inside: true,
    limitMs: 60_000,
    columns: [
      { metric: 'sentPerSecond', label: 'sent/s', digits: 0 },
      { metric: 'donePerSecond', label: 'done/s', digits: 0 },
      { metric: 'total', label: 'both/s', digits: 0 },
      { metric: 'slowest', label: 'slowest, of a fair share', digits: 2 },
    ],
    notes: [
      'Four processes share the cores with each other: what they do together is bounded by the machine, as that of two is by ' +
        'the lock of the file.',
    ],
    request: (contestant, { producers, workers }) => ({
      kind: 'store',
      what: 'fair',
      spec: contestant.spec,
      producers,
      workers,
      ms,
    }),
    contestants,
    goals: cells => [
      goal(cells, {
        what: 'full: the slowest of 2 producers and 2 workers',
        goal: 'at least half of a fair share',
        variant: two,
        key: 'full',
        metric: 'slowest',
        least: 0.5,
        digits: 2,
      }),
      ...contestants.map(({ key }) =>
        ratio(cells, {
          what: `${key}: sent and done per second by 2 producers and 2 workers together`,
          goal: 'not below one of each',
          variant: two,
          key,
          against: key,
          againstVariant: one,
          metric: 'total',
          least: 1,
          why: 'the file has one lock, and four processes share the cores',
        }),
      ),
    ],
  }
}

export function flat({ quick }) {
  const most = quick ? 100_000 : 1_000_000
  const few = '20,000'
  const many = most.toLocaleString('en')
  return {
    name: 'store-flat',
    title: 'Store: claiming a hundred calls, by the number in line (half of them of a task that nobody knows)',
    variants: [
      { key: few, queued: 20_000 },
      { key: many, queued: most },
    ],
    inside: true,
    limitMs: 180_000,
    columns: [{ metric: 'claimMs', label: 'claim, ms', digits: 2 }],
    request: (contestant, { queued }) => ({ kind: 'store', what: 'flat', spec: contestant.spec, queued }),
    contestants,
    goals: cells => [
      ratio(cells, {
        what: `full: a claim with ${many} in line`,
        goal: `at most 1.5x of one with ${few}`,
        variant: many,
        key: 'full',
        against: 'full',
        againstVariant: few,
        metric: 'claimMs',
        most: 1.5,
        digits: 2,
        unit: ' ms',
      }),
    ],
  }
}
