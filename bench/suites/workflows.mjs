import { full, relaxed } from './durabilities.mjs'
import { held, ratio } from './goals.mjs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const hasSqlite = major > 22 || (major === 22 && minor >= 5)

const openworkflow = {
  key: 'openworkflow',
  label: 'openworkflow, SQLite',
  role: 'peer',
  versus: 'skein',
  spec: { peer: 'openworkflow' },
  absent: !hasSqlite,
}

const notes = [
  'Client and worker are one program. openworkflow flushes every commit to the disk, which is what full means here; it needs node:sqlite, ' +
    'so Node 22.5 or later (--node 24).',
]
const needsSqlite = 'needs Node 22.5 or later, for openworkflow: --node 24'

/** Finished steps per second. */
export function steps({ quick }) {
  const variants = [
    { key: 'one function at a time', chains: 1, length: quick ? 100 : 500 },
    { key: '10 functions at a time', chains: 10, length: quick ? 50 : 200 },
  ]
  return {
    name: 'workflow-steps',
    title: 'Durable functions: steps finished per second',
    limitMs: 120_000,
    variants,
    columns: [{ metric: 'rate', label: 'steps per second', ratio: 'rate' }],
    request: ({ spec }, { chains, length }) => ({ kind: 'workflows', what: 'steps', chains, length, ...spec }),
    contestants: [full, relaxed, openworkflow],
    goals: cells =>
      variants.map(({ key }) =>
        ratio(cells, {
          what: `durable steps per second, ${key}`,
          goal: 'at least 5x openworkflow on SQLite at the same durability',
          variant: key,
          against: 'openworkflow',
          metric: 'rate',
          least: 5,
          needs: needsSqlite,
          why: 'the disk flushes once for each step, and the thread of the store has to be woken and to wake',
        }),
      ),
    notes,
  }
}

/** Jobs that are asleep at once, and what they cost. */
export function sleepers({ quick }) {
  const sizes = quick ? [0, 1_000] : [0, 1_000, 100_000]
  const variants = sizes.map(count => ({ key: `${count.toLocaleString('en')} asleep`, count }))
  const few = [variants[0].key, variants[1].key]
  const most = variants.at(-1).key
  return {
    name: 'workflow-sleepers',
    title: 'Durable functions that sleep for a month: what they cost while they do',
    limitMs: 300_000,
    variants,
    columns: [
      { metric: 'perSleeper', label: 'until asleep, ms each', digits: 2, ratio: 'perSleeper' },
      { metric: 'startMs', label: 'start of a worker until it has done a job, ms', digits: 1 },
      { metric: 'idleCpu', label: 'idle worker, % of a core', digits: 2 },
    ],
    request: ({ spec }, { count }) => ({
      kind: 'workflows',
      what: 'sleepers',
      count,
      idleMs: quick ? 2_000 : 5_000,
      ...spec,
    }),
    contestants: [full, { ...openworkflow, only: few }],
    goals: cells => {
      const found = (variant, metric) =>
        cells.find(cell => cell.variant === variant && cell.key === 'skein')?.metrics[metric]
      const figures = metric => ({ none: found(variants[0].key, metric), all: found(most, metric) })
      const start = figures('startMs')
      const idle = figures('idleCpu')
      return [
        held({
          what: `start of a worker with ${most}`,
          goal: 'as with none: at most 1.2x and 20 ms more',
          found: start.all,
          most: start.none && start.none.median * 1.2 + 20,
          digits: 1,
          unit: ' ms',
        }),
        held({
          what: `idle worker with ${most}`,
          goal: 'as with none: at most 0.5 % of a core more',
          found: idle.all,
          most: idle.none && idle.none.median + 0.5,
          digits: 2,
          unit: ' %',
        }),
      ]
    },
    notes,
  }
}
