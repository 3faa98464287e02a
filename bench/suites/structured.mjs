import { venvContestants } from '../lib/python.mjs'
import { held } from './goals.mjs'

/** A hundred tasks wake in each millisecond, whatever their number. */
const sizes = [
  { key: '1,000 tasks', count: 1_000, base: 20, spread: 10, repeats: 150 },
  { key: '100,000 tasks', count: 100_000, base: 3_000, spread: 1_000, repeats: 1 },
  { key: '1,000,000 tasks', count: 1_000_000, base: 15_000, spread: 10_000, repeats: 1 },
]

/** Each is compared with that form of skein's child which is like its own. */
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

/** Those whose sleeping child is the library's own sleep, with no async function around it. */
const bare = new Set(['effect', 'effection', 'asyncio', 'uvloop', 'trio'])

const sleeping = [
  { key: 'skein', label: 'skein, async s => { await s.sleep(ms) }', role: 'skein', spec: 'skein' },
  { key: 'skein-bare', label: 'skein, s => s.sleep(ms)', role: 'skein', spec: 'skein', bare: true },
  {
    key: 'promises',
    label: 'async function, promise and setTimeout',
    role: 'reference',
    versus: 'skein',
    spec: 'promises',
  },
  {
    key: 'promises-bare',
    label: 'promise and setTimeout',
    role: 'reference',
    versus: 'skein-bare',
    spec: 'promises',
    bare: true,
  },
  ...contestants.slice(2).map(each => (bare.has(each.key) ? { ...each, versus: 'skein-bare' } : each)),
]

export function sleepers({ quick }) {
  const variants = quick ? sizes.slice(0, 2) : sizes
  const most = sizes.slice(0, 2).map(({ key }) => key)
  return {
    name: 'sleepers',
    title: 'Tasks that sleep at once: what each costs from its start to its end, and what it takes meanwhile',
    variants,
    limitMs: 600_000,
    columns: [
      { metric: 'cpu', label: 'CPU, µs per task', digits: 2, ratio: 'cpu' },
      { metric: 'bytes', label: 'bytes per task', digits: 0, ratio: 'bytes' },
    ],
    notes: [
      'Bytes are of the heap in JavaScript, and resident memory in Python. p-limit, p-queue and the first row of promises are ' +
        "compared with skein's async function; Effect, Effection and Python, whose child is the sleep itself, with s => s.sleep(ms).",
      'A million of Effection would take 10 GB and minutes, so there is none.',
    ],
    request: ({ spec, bare, role }, { count, base, spread, repeats }) => ({
      kind: 'sleepers',
      peer: spec,
      bare: bare === true,
      count,
      base,
      spread,
      // A million takes Python up to minutes, so there one run gives both figures.
      repeats: role === 'python' && count === 1_000_000 ? 0 : repeats,
    }),
    contestants: sleeping.map(each => (each.key === 'effection' ? { ...each, only: most } : each)),
    goals: cells =>
      cells
        .filter(({ role }) => role === 'skein')
        .flatMap(cell => [
          below(cell, 'cpu', 3.5, `µs of CPU for ${cell.label}`),
          below(cell, 'bytes', 700, `bytes for ${cell.label}`),
        ]),
  }
}

export function joins({ quick }) {
  const sizes = [
    { key: '1,000 tasks', count: 1_000 },
    { key: '100,000 tasks', count: 100_000 },
    { key: '1,000,000 tasks', count: 1_000_000 },
  ]
  const most = sizes.slice(0, 2).map(({ key }) => key)
  const slow = new Set(['effection'])
  return {
    name: 'joins',
    title: 'Starting an empty task and waiting for it, one after the other',
    variants: quick ? sizes.slice(0, 2) : sizes,
    limitMs: 600_000,
    columns: [{ metric: 'ns', label: 'CPU, ns each', digits: 0, ratio: 'ns' }],
    request: ({ spec }, { count }) => ({ kind: 'joins', peer: spec, count }),
    contestants: contestants.map(each => (slow.has(each.key) ? { ...each, only: most } : each)),
    notes: ['A million of Effection would take minutes, so there is none.'],
    goals: cells =>
      cells
        .filter(({ key }) => key === 'skein')
        .map(cell => below(cell, 'ns', 1000, 'ns to start and join an empty task')),
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
    columns: [{ metric: 'ns', label: 'CPU, ns each', digits: 0, ratio: 'ns' }],
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

function below(cell, metric, limit, what) {
  return held({
    what: `${cell.variant}: ${what}`,
    goal: `at most ${limit}`,
    found: cell.metrics[metric],
    most: limit,
    digits: metric === 'cpu' ? 2 : 0,
  })
}
