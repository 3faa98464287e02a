import { venvContestants } from '../lib/python.mjs'

/** A hundred tasks wake in each millisecond, whatever their number. */
const sizes = [
  { key: '1,000 tasks', count: 1_000, base: 100, spread: 10, repeats: 20 },
  { key: '100,000 tasks', count: 100_000, base: 1_000, spread: 1_000, repeats: 1 },
  { key: '1,000,000 tasks', count: 1_000_000, base: 5_000, spread: 10_000, repeats: 1 },
]

const contestants = [
  { key: 'skein', label: 'skein', role: 'skein', spec: 'skein' },
  { key: 'promises', label: 'plain promises and setTimeout', role: 'reference', versus: 'skein', spec: 'promises' },
  ...[
    ['p-limit', 'p-limit'],
    ['p-queue', 'p-queue'],
    ['effect', 'Effect'],
    ['effection', 'Effection'],
  ].map(([key, label]) => ({ key, label, role: 'peer', versus: 'skein', spec: key })),
  ...venvContestants('structured', [
    { key: 'asyncio', label: 'Python asyncio', versus: 'skein', spec: 'asyncio' },
    { key: 'uvloop', label: 'Python asyncio on uvloop', versus: 'skein', spec: 'uvloop' },
    { key: 'trio', label: 'Python trio', versus: 'skein', spec: 'trio' },
  ]),
]

/** Effection takes 160 µs and 10 KB a task, Python's up to 60 µs: a million of them would take minutes and gigabytes. */
const heavy = new Set(['effection', 'asyncio', 'uvloop', 'trio'])

export function sleepers({ quick }) {
  const variants = quick ? sizes.slice(0, 2) : sizes
  const most = sizes.slice(0, 2).map(({ key }) => key)
  return {
    name: 'sleepers',
    title: 'Tasks that sleep at once: what each costs from its start to its end, and what it takes meanwhile',
    variants,
    limitMs: 120_000,
    columns: [
      { metric: 'cpu', label: 'CPU, µs per task', digits: 2, ratio: 'cpu' },
      { metric: 'bytes', label: 'bytes per task', digits: 0, ratio: 'bytes' },
    ],
    notes: ['Bytes are of the heap in JavaScript, and resident memory in Python.'],
    request: ({ spec }, { count, base, spread, repeats }) => ({
      kind: 'sleepers',
      peer: spec,
      count,
      base,
      spread,
      repeats,
    }),
    contestants: contestants.map(each => (heavy.has(each.key) ? { ...each, only: most } : each)),
    goals: cells =>
      skein(cells).flatMap(cell => [
        below(cell, 'cpu', 3.5, 'µs of CPU for a task that sleeps'),
        below(cell, 'bytes', 700, 'bytes for a task that sleeps'),
      ]),
  }
}

export function joins() {
  return {
    name: 'joins',
    title: 'Starting an empty task and waiting for it, one after the other',
    variants: [{ key: 'start and join', count: 200_000 }],
    columns: [{ metric: 'ns', label: 'ns each', digits: 0, ratio: 'ns' }],
    request: ({ spec, role }, { count }) => ({
      kind: 'joins',
      peer: spec,
      count: role === 'python' || spec === 'effection' ? count / 10 : count,
    }),
    contestants,
    goals: cells => skein(cells).map(cell => below(cell, 'ns', 1000, 'ns to start and join an empty task')),
  }
}

export function handover() {
  const python = new Set(['asyncio', 'uvloop', 'trio'])
  const has = {
    lock: new Set(['skein', 'promises', 'p-limit', 'effect', ...python]),
    semaphore: new Set(['skein', 'promises', 'p-limit', 'effect', ...python]),
    channel: new Set(['skein', 'promises', 'effect', ...python]),
  }
  return {
    name: 'handover',
    title: 'Handing over between tasks that wait for each other: a lock, a semaphore, a channel of one place',
    variants: Object.keys(has).map(key => ({ key, count: 200_000 })),
    columns: [{ metric: 'ns', label: 'ns each', digits: 0, ratio: 'ns' }],
    request: ({ spec, role }, { key, count }) => ({
      kind: 'handover',
      peer: spec,
      what: key,
      count: role === 'python' ? count / 10 : count,
    }),
    contestants: contestants
      .filter(({ key }) => Object.values(has).some(names => names.has(key)))
      .map(each => ({ ...each, only: Object.keys(has).filter(key => has[key].has(each.key)) })),
    goals: () => [],
  }
}

const skein = cells => cells.filter(cell => cell.key === 'skein')

function below(cell, metric, limit, what) {
  const { [metric]: figure } = cell.metrics
  return {
    text: `${cell.variant}: at most ${limit} ${what}`,
    figure: figure === undefined ? undefined : figure.median.toFixed(metric === 'cpu' ? 2 : 0),
    range: figure === undefined ? undefined : [figure.min, figure.max],
    reached: figure === undefined ? undefined : figure.median <= limit,
  }
}
