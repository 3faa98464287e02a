const contestants = [
  { key: 'full', label: 'SQLite, full', role: 'skein', spec: { durability: 'full' } },
  { key: 'relaxed', label: 'SQLite, relaxed', role: 'skein', spec: { durability: 'relaxed' } },
]

export function fair({ quick }) {
  const ms = quick ? 1_000 : 3_000
  return {
    name: 'store-fair',
    title: 'Store: several processes on one file, calls in lots of a hundred',
    variants: [
      { key: '1 producer, 1 worker', producers: 1, workers: 1 },
      { key: '2 producers, 2 workers', producers: 2, workers: 2 },
    ],
    limitMs: 60_000,
    columns: [
      { metric: 'sentPerSecond', label: 'sent/s', digits: 0 },
      { metric: 'donePerSecond', label: 'done/s', digits: 0 },
      { metric: 'slowest', label: 'slowest, of a fair share', digits: 2 },
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
    goals: () => [],
  }
}

export function flat({ quick }) {
  const most = quick ? 100_000 : 1_000_000
  return {
    name: 'store-flat',
    title: 'Store: claiming a hundred calls, by the number in line (half of them of a task that nobody knows)',
    variants: [
      { key: '20,000', queued: 20_000 },
      { key: most.toLocaleString('en'), queued: most },
    ],
    limitMs: 180_000,
    columns: [{ metric: 'claimMs', label: 'claim, ms', digits: 2 }],
    request: (contestant, { queued }) => ({ kind: 'store', what: 'flat', spec: contestant.spec, queued }),
    contestants,
    goals: () => [],
  }
}
