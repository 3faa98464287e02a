import { full, relaxed } from './durabilities.mjs'
import { goal, ratio } from './goals.mjs'
import { bullmq, celery as onCelery, needsPython, needsRedis } from './servers.mjs'

const celery = onCelery('everysec', { label: 'Celery, Redis, fsync every second', versus: 'relaxed' })

/** The same with each write flushed, for what only Celery has. */
const celeryAlways = onCelery('always', { key: 'celery-always', label: 'Celery, Redis, fsync always' })

const servers = [
  bullmq('always', { label: 'BullMQ, Redis, fsync always' }),
  bullmq('everysec', { key: 'bullmq-everysec', label: 'BullMQ, Redis, fsync every second', versus: 'relaxed' }),
  celery,
]

/** What no queue that keeps its promise can beat on this disk. */
const disk = {
  key: 'disk',
  label: 'the disk: 4 KiB appended and flushed',
  role: 'limit',
  versus: 'skein',
  spec: { peer: 'disk' },
}

const files = [full, relaxed]
const contestants = [...files, ...servers]

const many = '64 at a time'

const onThreads = {
  ...full,
  key: 'threads',
  label: `${full.label}, on threads`,
  spec: { ...full.spec, on: 'threads' },
  only: [many],
}

const notes = [
  'full: what is answered is on disk; relaxed: the last moments before a power cut can be lost, nothing when a process is ' +
    'killed. Redis with fsync always is the like of full, every second the like of relaxed, and each is compared with its like.',
]

const needsBefore = 'needs --before FOLDER'

const moves = 'a job moves through three indexes of the file as it is claimed and ends'
const wakes = 'a call and its result wake a sleeping thread eight times, four in the client and four in the worker'
const inserts = 'SQLite writes the row of each call and its entries in the indexes'

const oneByOne = 'one by one, each awaited'
const callers = 'one by one, 64 callers'
const lots = 'in lots of a thousand'

export function enqueue({ quick }) {
  return {
    name: 'queue-add',
    title: 'Durable queue: calls accepted per second by one program',
    variants: [
      { key: oneByOne, what: 'oneByOne', count: quick ? 1_000 : 5_000 },
      { key: callers, what: 'callers', count: quick ? 10_000 : 40_000, concurrency: 64 },
      { key: lots, what: 'batched', count: quick ? 20_000 : 100_000 },
    ],
    limitMs: 60_000,
    columns: [{ metric: 'rate', label: 'per second', digits: 0, ratio: 'rate' }],
    notes,
    request: ({ spec, role }, { what, count, concurrency }) =>
      role === 'limit'
        ? { kind: 'disk', count }
        : {
            kind: 'queue',
            ...spec,
            what,
            count: role === 'python' ? Math.min(count, 3_000) : count,
            concurrency,
          },
    contestants: [
      ...contestants.map(each => (each === celery ? { ...celery, only: [oneByOne] } : each)),
      { ...disk, only: [oneByOne] },
    ],
    goals: cells => [
      goal(cells, {
        what: 'full: calls accepted per second one by one, 64 callers',
        goal: 'at least 5,000',
        variant: callers,
        metric: 'rate',
        least: 5_000,
      }),
      goal(cells, {
        what: 'full: calls accepted per second one by one, each awaited before the next',
        goal: 'at least 5,000',
        variant: oneByOne,
        metric: 'rate',
        least: 5_000,
        why: 'each waits until the disk has flushed the one before',
      }),
      ratio(cells, {
        what: 'relaxed: calls accepted per second one by one, each awaited before the next',
        goal: 'at least as many as BullMQ with fsync every second',
        variant: oneByOne,
        key: 'relaxed',
        against: 'bullmq-everysec',
        metric: 'rate',
        least: 1,
        needs: needsRedis,
        why: 'a transaction in the file, and a wake-up of the thread that has it and one back',
      }),
      goal(cells, {
        what: 'full: calls accepted per second in lots',
        goal: 'at least 100,000',
        variant: lots,
        metric: 'rate',
        least: 100_000,
        why: inserts,
      }),
      ratio(cells, {
        what: 'full: calls accepted per second in lots',
        goal: 'at least 1.6x the build before',
        variant: lots,
        against: 'skein before',
        metric: 'rate',
        least: 1.6,
        needs: needsBefore,
        why: inserts,
      }),
    ],
  }
}

export function process({ quick }) {
  return {
    name: 'queue-run',
    title: 'Durable queue: jobs that do nothing, claimed, run and settled per second by one worker process',
    variants: [
      { key: '1 at a time', what: 'done', count: quick ? 10_000 : 50_000, concurrency: 1 },
      { key: many, what: 'done', count: quick ? 20_000 : 100_000, concurrency: 64 },
    ],
    limitMs: 120_000,
    columns: [{ metric: 'rate', label: 'jobs per second', digits: 0, ratio: 'rate' }],
    notes: [
      ...notes,
      'skein keeps the latest 10,000 of what is done and trims the rest as it goes; the others keep all.',
    ],
    request: ({ spec, role }, { what, count, concurrency }) => ({
      kind: 'queue',
      ...spec,
      what,
      count: role === 'python' ? Math.min(count, 3_000) : role === 'peer' ? Math.min(count, 30_000) : count,
      concurrency: role === 'python' ? Math.min(concurrency, 2) : concurrency,
    }),
    contestants: [...files, onThreads, ...servers],
    goals: cells => [
      goal(cells, {
        what: 'full: jobs per second through one worker process',
        goal: 'at least 30,000',
        variant: many,
        metric: 'rate',
        least: 30_000,
        why: moves,
      }),
      ...[
        { key: 'skein', place: 'on the loop' },
        { key: onThreads.key, place: 'on threads' },
      ].map(({ key, place }) =>
        ratio(cells, {
          what: `full: jobs per second through one worker process, ${place}`,
          goal: 'at least 2x the build before',
          variant: many,
          key,
          against: `${key} before`,
          metric: 'rate',
          least: 2,
          needs: needsBefore,
          why: moves,
        }),
      ),
    ],
  }
}

export function latency({ quick }) {
  const single = 'one at a time'
  const arrivals = [500, 2_000]
  const arrive = perSecond => `${perSecond.toLocaleString('en')} arrive per second`
  return {
    name: 'queue-latency',
    title: 'Durable queue: from handing a call over to its result, through another process',
    variants: [
      { key: single, what: 'roundTrip', count: quick ? 300 : 1_000, concurrency: 16 },
      ...arrivals.map(perSecond => ({
        key: arrive(perSecond),
        what: 'openLoop',
        count: perSecond * (quick ? 3 : 10),
        concurrency: 64,
        perSecond,
      })),
    ],
    limitMs: 120_000,
    columns: [
      { metric: 'p50', label: 'p50, ms', digits: 2, ratio: 'p50' },
      { metric: 'p99', label: 'p99, ms', digits: 2, ratio: 'p99' },
      { metric: 'p999', label: 'p999, ms', digits: 2 },
    ],
    notes: [
      ...notes,
      'Arrivals do not wait for anybody: the time counts from when a call was due. Who cannot keep up with them piles them up, ' +
        'and its times say no more than that.',
    ],
    request: ({ spec, role }, { what, count, concurrency, perSecond }) =>
      role === 'limit'
        ? { kind: 'disk', count }
        : {
            kind: 'queue',
            ...spec,
            what,
            count: role === 'python' && perSecond === undefined ? Math.min(count, 500) : count,
            concurrency: role === 'python' ? 2 : concurrency,
            perSecond,
          },
    contestants: [...contestants, { ...disk, versus: undefined, only: [single] }],
    goals: cells => {
      const besideBullMQ = (variant, what, [full, relaxed], metric) =>
        [
          { name: 'full', key: 'skein', against: 'bullmq', fsync: 'always', most: full },
          { name: 'relaxed', key: 'relaxed', against: 'bullmq-everysec', fsync: 'every second', most: relaxed },
        ].map(({ name, fsync, ...each }) =>
          ratio(cells, {
            ...each,
            what: `${name}: ${what}, ${metric}`,
            goal: `at most ${each.most}x of BullMQ with fsync ${fsync}`,
            variant,
            metric,
            digits: 2,
            unit: ' ms',
            needs: needsRedis,
            why: wakes,
          }),
        )
      const [slow, fast] = arrivals.map(arrive)
      return [
        goal(cells, {
          what: 'full: round trip through another process, p50',
          goal: 'at most 3 ms',
          variant: single,
          metric: 'p50',
          most: 3,
          digits: 2,
          unit: ' ms',
          why: wakes,
        }),
        ...besideBullMQ(single, 'round trip, one at a time', [1, 0.7], 'p50'),
        ...besideBullMQ(slow, slow, [1, 1], 'p50'),
        ...besideBullMQ(slow, slow, [0.5, 0.5], 'p99'),
        ...besideBullMQ(fast, fast, [0.5, 0.5], 'p50'),
        ...besideBullMQ(fast, fast, [0.5, 0.5], 'p99'),
      ]
    },
  }
}

/** Many calls and one that waits for all of them: a graph that lies in the store. */
export function chords({ quick }) {
  const sizes = quick ? [100, 1_000] : [100, 1_000, 10_000]
  const variants = sizes.map(count => ({ key: `${count.toLocaleString('en')} members`, count }))
  // With each write flushed, Celery takes minutes for ten thousand.
  const few = variants.filter(({ count }) => count <= 1_000).map(({ key }) => key)
  return {
    name: 'graph-chord',
    title:
      'Durable queue: a chord of calls that do nothing, from handing it over to its result, through one worker process',
    variants,
    limitMs: 240_000,
    columns: [{ metric: 'ms', label: 'ms', digits: 1, ratio: 'ms' }],
    notes: [
      ...notes.slice(0, 1),
      'Each worker runs two at once: skein on its event loop, Celery in two processes of its pool.',
    ],
    request: ({ spec, role }, { count }) => ({
      kind: 'queue',
      ...spec,
      what: 'chord',
      count,
      concurrency: 2,
      repeats: (role === 'python' ? [3, 1] : [10, 3])[count >= 10_000 ? 1 : 0],
    }),
    contestants: [...files, { ...celeryAlways, only: few }, celery],
    goals: cells =>
      variants.flatMap(({ key }) =>
        [
          { name: 'full', of: 'skein', against: 'celery-always', fsync: 'always' },
          { name: 'relaxed', of: 'relaxed', against: 'celery', fsync: 'every second' },
        ]
          .filter(({ of }) => of === 'relaxed' || few.includes(key))
          .map(({ name, of, against, fsync }) =>
            ratio(cells, {
              what: `${name}: a chord, ${key}, from submit to its result`,
              goal: `at most a twentieth of Celery with fsync ${fsync}`,
              variant: key,
              key: of,
              against,
              metric: 'ms',
              most: 1 / 20,
              digits: 1,
              unit: ' ms',
              needs: needsPython,
              why: 'of a small chord most is the time until the worker hears of it, and two more ways there and back',
            }),
          ),
      ),
  }
}

/** The open loop over a range of arrivals: where it begins to pile up is a curve. */
export function arrivals({ quick }) {
  const rates = quick ? [250, 1_000] : [100, 250, 500, 1_000, 2_000, 4_000]
  return {
    name: 'arrivals',
    title:
      'Durable queue: from when a call was due to its result, through another process, by how many arrive in a second',
    variants: rates.map(perSecond => ({ key: perSecond.toLocaleString('en'), at: perSecond })),
    limitMs: 120_000,
    columns: [
      { metric: 'p50', label: 'p50, ms', digits: 2, ratio: 'p50' },
      { metric: 'p99', label: 'p99, ms', digits: 2, ratio: 'p99' },
    ],
    curve: { axis: 'calls that arrive in a second', metrics: { p50: 'p50, ms', p99: 'p99, ms' } },
    notes,
    request: ({ spec }, { at }) => ({
      kind: 'queue',
      ...spec,
      what: 'openLoop',
      count: at * (quick ? 2 : 5),
      concurrency: 64,
      perSecond: at,
    }),
    contestants: [...files, ...servers.filter(({ role }) => role === 'peer')],
    goals: () => [],
  }
}
