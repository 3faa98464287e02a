import { pythonVersion } from '../lib/python.mjs'
import { redisPresent } from '../lib/redis.mjs'

const files = [
  { key: 'skein', label: 'skein, SQLite, full', role: 'skein', spec: { peer: 'skein', setting: 'full' } },
  {
    key: 'relaxed',
    label: 'skein, SQLite, relaxed',
    role: 'skein',
    spec: { peer: 'skein', setting: 'relaxed' },
  },
]

const servers = [
  {
    key: 'bullmq',
    label: 'BullMQ, Redis, fsync always',
    role: 'peer',
    versus: 'skein',
    spec: { peer: 'bullmq', setting: 'always' },
    absent: !redisPresent,
  },
  {
    key: 'bullmq-everysec',
    label: 'BullMQ, Redis, fsync every second',
    role: 'peer',
    versus: 'skein',
    spec: { peer: 'bullmq', setting: 'everysec' },
    absent: !redisPresent,
  },
  {
    key: 'celery',
    label: 'Celery, Redis, fsync every second',
    role: 'python',
    versus: 'skein',
    spec: { peer: 'celery', setting: 'everysec' },
    needsVenv: true,
    absent: !redisPresent || pythonVersion === undefined,
  },
]

const contestants = [...files, ...servers]
const withoutCelery = contestants.filter(({ key }) => key !== 'celery')
const celeryCount = (role, count) => (role === 'python' ? Math.min(count, 3000) : count)

const notes = [
  'full: what is answered is on disk; relaxed: the last moments before a power cut can be lost, nothing when a process is ' +
    'killed. Redis with fsync always is the like of full, every second the like of relaxed.',
]

export function enqueue({ quick }) {
  const count = quick ? 20_000 : 100_000
  return {
    name: 'queue-add',
    title: 'Durable queue: calls accepted per second by one program',
    variants: [
      { key: 'one by one, each awaited', what: 'oneByOne', count: quick ? 2_000 : 5_000 },
      { key: 'in lots of a thousand', what: 'batched', count },
    ],
    limitMs: 60_000,
    columns: [{ metric: 'rate', label: 'per second', digits: 0, ratio: 'rate' }],
    notes,
    request: ({ spec, role }, { what, count }) => ({ kind: 'queue', ...spec, what, count: celeryCount(role, count) }),
    contestants: contestants.map(each =>
      each.key === 'celery' ? { ...each, only: ['one by one, each awaited'] } : each,
    ),
    goals: cells => [
      atLeast(cells, 'one by one, each awaited', 'rate', 5_000, 'calls accepted per second, one by one'),
      atLeast(cells, 'in lots of a thousand', 'rate', 100_000, 'calls accepted per second, in lots'),
    ],
  }
}

export function process({ quick }) {
  return {
    name: 'queue-run',
    title: 'Durable queue: jobs that do nothing, claimed, run and settled per second by one worker process',
    variants: [
      { key: '1 at a time', what: 'done', count: quick ? 10_000 : 50_000, concurrency: 1 },
      { key: '64 at a time', what: 'done', count: quick ? 20_000 : 100_000, concurrency: 64 },
    ],
    limitMs: 120_000,
    columns: [{ metric: 'rate', label: 'jobs per second', digits: 0, ratio: 'rate' }],
    notes,
    request: ({ spec, role }, { what, count, concurrency }) => ({
      kind: 'queue',
      ...spec,
      what,
      count: celeryCount(role, count),
      concurrency: role === 'python' ? Math.min(concurrency, 2) : concurrency,
    }),
    contestants,
    goals: cells => [atLeast(cells, '64 at a time', 'rate', 30_000, 'jobs per second')],
  }
}

export function latency({ quick }) {
  return {
    name: 'queue-latency',
    title: 'Durable queue: from handing a call over to its result, through another process',
    variants: [
      { key: 'one at a time', what: 'roundTrip', count: quick ? 300 : 1_000, concurrency: 16 },
      { key: '500 arrive per second', what: 'openLoop', count: quick ? 1_500 : 5_000, concurrency: 64, perSecond: 500 },
      {
        key: '2,000 arrive per second',
        what: 'openLoop',
        count: quick ? 4_000 : 20_000,
        concurrency: 64,
        perSecond: 2_000,
      },
    ],
    limitMs: 120_000,
    columns: [
      { metric: 'p50', label: 'p50, ms', digits: 2, ratio: 'p50' },
      { metric: 'p99', label: 'p99, ms', digits: 2 },
      { metric: 'p999', label: 'p999, ms', digits: 2 },
    ],
    notes: [...notes, 'Arrivals do not wait for anybody: the time counts from when a call was due.'],
    request: ({ spec, role }, { what, count, concurrency, perSecond }) => ({
      kind: 'queue',
      ...spec,
      what,
      count: role === 'python' ? Math.min(count, 500) : count,
      concurrency: role === 'python' ? 2 : concurrency,
      perSecond,
    }),
    contestants: [...withoutCelery, ...servers.slice(2).map(each => ({ ...each, only: ['one at a time'] }))],
    goals: cells => [atMost(cells, 'one at a time', 'p50', 3, 'ms for a round trip, p50')],
  }
}

function atLeast(cells, variant, metric, limit, what) {
  const figure = cells.find(cell => cell.variant === variant && cell.key === 'skein')?.metrics[metric]
  return {
    text: `durability full: at least ${limit} ${what}`,
    figure: figure?.median.toFixed(0),
    range: figure && [figure.min, figure.max],
    reached: figure && figure.median >= limit,
  }
}

function atMost(cells, variant, metric, limit, what) {
  const figure = cells.find(cell => cell.variant === variant && cell.key === 'skein')?.metrics[metric]
  return {
    text: `durability full: at most ${limit} ${what}`,
    figure: figure?.median.toFixed(2),
    range: figure && [figure.min, figure.max],
    reached: figure && figure.median <= limit,
  }
}
