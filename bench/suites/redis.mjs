// The queue on Redis, beside those that stand on the same server.
import { held, ratio } from './goals.mjs'
import {
  bullmq as onBullMQ,
  celery as onCelery,
  clientAlone,
  needsPython,
  needsRedis,
  skeinOnRedis,
} from './servers.mjs'

const setting = 'everysec'
const skein = skeinOnRedis(setting)
const bullmq = onBullMQ(setting)
const celery = onCelery(setting)
const raw = clientAlone(setting)

const keeps =
  "each job is eight commands inside scripts of the server and a share of fifteen more, which keep kombu's lists and keys, Celery's result, and the lease, the history and the counts of skein"
const notes = [
  'Each has a server of its own, which flushes what it was told every second. ioredis alone pushes 700 bytes onto a list, and takes them off ' +
    'again while it writes as many results: what no queue on it can beat.',
]

const oneByOne = 'one by one, each awaited'
const lots = 'in lots of a thousand'

export function enqueue({ quick }) {
  return {
    name: 'redis-add',
    title: 'Queue on Redis: calls accepted per second by one program',
    variants: [
      { key: oneByOne, what: 'oneByOne', count: quick ? 1_000 : 5_000 },
      { key: lots, what: 'batched', count: quick ? 20_000 : 100_000 },
    ],
    limitMs: 120_000,
    columns: [{ metric: 'rate', label: 'per second', digits: 0, ratio: 'rate' }],
    notes,
    request: ({ spec, role }, { what, count }) => ({
      kind: 'queue',
      ...spec,
      what,
      count: role === 'python' ? Math.min(count, 3_000) : count,
    }),
    contestants: [skein, bullmq, { ...celery, only: [oneByOne] }, raw],
    goals: cells => [
      ratio(cells, {
        what: 'Redis: calls accepted per second in lots',
        goal: 'at least 5x the bulk add of BullMQ',
        variant: lots,
        against: 'bullmq',
        metric: 'rate',
        least: 5,
        needs: needsRedis,
        why: keeps,
      }),
      ratio(cells, {
        what: 'Redis: calls accepted per second, in lots',
        goal: 'at least 10x what Celery sends one by one',
        variant: lots,
        against: 'celery',
        againstVariant: oneByOne,
        metric: 'rate',
        least: 10,
        needs: needsPython,
        why: keeps,
      }),
    ],
  }
}

export function process({ quick }) {
  const many = '50 at a time'
  return {
    name: 'redis-run',
    title:
      'Queue on Redis: jobs that do nothing, taken from a full queue, run, and their results kept, per second by one worker process',
    variants: [{ key: many, what: 'done', count: quick ? 20_000 : 60_000, concurrency: 50 }],
    limitMs: 180_000,
    columns: [{ metric: 'rate', label: 'jobs per second', digits: 0, ratio: 'rate' }],
    notes: [...notes, 'Celery runs two at a time, in two processes of its pool.'],
    request: ({ spec, role }, { what, count, concurrency }) => ({
      kind: 'queue',
      ...spec,
      what,
      count: role === 'python' ? Math.min(count, 3_000) : count,
      concurrency: role === 'python' ? 2 : concurrency,
    }),
    contestants: [skein, bullmq, celery, raw],
    goals: cells => [
      ratio(cells, {
        what: 'Redis: jobs per second through one worker process',
        goal: 'at least 3x BullMQ',
        variant: many,
        against: 'bullmq',
        metric: 'rate',
        least: 3,
        needs: needsRedis,
        why: keeps,
      }),
      ratio(cells, {
        what: 'Redis: jobs per second through one worker process',
        goal: 'at least 20x Celery',
        variant: many,
        against: 'celery',
        metric: 'rate',
        least: 20,
        needs: needsPython,
        why: keeps,
      }),
    ],
  }
}

export function latency({ quick }) {
  const single = 'one at a time'
  return {
    name: 'redis-latency',
    title: 'Queue on Redis: from handing a call over to its result, through another process',
    variants: [{ key: single, what: 'roundTrip', count: quick ? 300 : 1_000, concurrency: 16 }],
    limitMs: 120_000,
    columns: [
      { metric: 'p50', label: 'p50, ms', digits: 2, ratio: 'p50' },
      { metric: 'p99', label: 'p99, ms', digits: 2, ratio: 'p99' },
    ],
    notes: notes.map(note => note.replace(/ ioredis alone.*/, '')),
    request: ({ spec, role }, { what, count, concurrency }) => ({
      kind: 'queue',
      ...spec,
      what,
      count: role === 'python' ? Math.min(count, 500) : count,
      concurrency: role === 'python' ? 2 : concurrency,
    }),
    contestants: [skein, bullmq, celery],
    goals: cells =>
      [
        { against: 'bullmq', most: 1, goal: 'at most that of BullMQ', needs: needsRedis },
        { against: 'celery', most: 0.5, goal: 'at most half of that of Celery', needs: needsPython },
      ].map(each =>
        ratio(cells, {
          ...each,
          what: 'Redis: round trip, p50',
          variant: single,
          metric: 'p50',
          digits: 2,
          unit: ' ms',
          why: 'the three scripts of a job, one after the other, take the server half as long again as the six of BullMQ, since they keep more',
        }),
      ),
  }
}

export function idle({ quick }) {
  const alone = 'a worker with nothing to do'
  return {
    name: 'redis-idle',
    title: 'Queue on Redis: commands that a worker and a client with nothing to do send in a minute',
    variants: [{ key: alone, what: 'idle', seconds: quick ? 30 : 120 }],
    limitMs: 240_000,
    columns: [{ metric: 'commands', label: 'commands a minute', digits: 1, ratio: 'commands' }],
    notes: [],
    request: ({ spec }, { what, seconds }) => ({ kind: 'queue', ...spec, what, seconds }),
    contestants: [skein, bullmq],
    goals: cells => [
      held({
        what: 'Redis: commands of an idle worker and client in a minute',
        goal: 'under 10 for the worker',
        found: cells.find(cell => cell.key === 'skein')?.metrics.commands,
        most: 10,
        digits: 1,
        needs: needsRedis,
      }),
    ],
  }
}
