import { goal, ratio } from './goals.mjs'

const contestants = [{ key: 'skein', label: 'skein, SQLite, relaxed', role: 'skein', spec: { setting: 'relaxed' } }]

const least = 1_000

/** What something costs with many, beside what it costs with few. */
const noDearer = (cells, { what, variant, few, metric }) =>
  ratio(cells, {
    what,
    goal: `at most 1.5x of that with ${few}`,
    variant,
    against: 'skein',
    againstVariant: few,
    metric,
    most: 1.5,
    digits: 1,
    unit: ' µs',
  })

export function waiting({ quick, full }) {
  const sizes = [least, 10_000, 100_000, ...(quick ? [] : [1_000_000]), ...(full ? [5_000_000] : [])]
  const variants = sizes.map(at => ({ key: at.toLocaleString('en'), at }))
  const [few] = variants
  return {
    name: 'growth-waiting',
    title: 'What a job costs by the number of jobs that wait in the file: processor time of all threads together',
    variants,
    limitMs: 1_800_000,
    columns: [
      { metric: 'sendUs', label: 'sent, µs of CPU', digits: 1 },
      { metric: 'claimUs', label: 'claimed', digits: 1 },
      { metric: 'settleUs', label: 'settled', digits: 1 },
      { metric: 'openMs', label: 'file opened, ms', digits: 0 },
      { metric: 'workerMs', label: 'first job of a new worker after, ms', digits: 0 },
      { metric: 'bytes', label: 'bytes of file each', digits: 0 },
    ],
    curve: {
      axis: 'jobs that wait in the file',
      unit: 'µs of processor time for each job',
      lines: [
        { metric: 'sendUs', label: 'sent, in lots of a thousand' },
        { metric: 'claimUs', label: 'claimed' },
        { metric: 'settleUs', label: 'settled' },
      ],
    },
    request: ({ spec }, { at }) => ({ kind: 'growth', what: 'waiting', jobs: at, rounds: quick ? 10 : 30, ...spec }),
    contestants,
    goals: cells =>
      variants.slice(1).flatMap(({ key: variant, at }) => [
        ...[
          { metric: 'sendUs', name: 'to send a job' },
          { metric: 'claimUs', name: 'to claim a job' },
          { metric: 'settleUs', name: 'to settle a job' },
        ].map(({ metric, name }) =>
          noDearer(cells, {
            what: `processor time ${name} with ${variant} in the file`,
            variant,
            few: few.key,
            metric,
          }),
        ),
        ...(at < 1_000_000
          ? []
          : [
              goal(cells, {
                what: `from the start of a worker to the result of its first job, with ${variant} in the file`,
                goal: 'under a second',
                variant,
                metric: 'workerMs',
                most: 1_000,
                unit: ' ms',
              }),
            ]),
      ]),
  }
}

export function ended({ quick }) {
  const jobs = quick ? 20_000 : 100_000
  const variant = `${jobs.toLocaleString('en')} jobs`
  return {
    name: 'growth-ended',
    title: 'The room of jobs that have ended, and what it takes to forget them',
    variants: [{ key: variant }],
    limitMs: 300_000,
    columns: [
      { metric: 'bytes', label: 'bytes of file each', digits: 0 },
      { metric: 'purgeMs', label: '100,000 purged in, ms', digits: 0 },
      { metric: 'purgeCpuMs', label: 'CPU, ms', digits: 0 },
      { metric: 'backPercent', label: 'given back by --compact, %', digits: 1 },
    ],
    request: ({ spec }) => ({ kind: 'growth', what: 'ended', jobs, ...spec }),
    contestants,
    goals: cells => [
      goal(cells, {
        what: 'the room in the file of a job that has ended',
        goal: 'at most 512 bytes',
        variant,
        metric: 'bytes',
        most: 512,
        unit: ' bytes',
      }),
      goal(cells, {
        what: '100,000 jobs that have ended are purged',
        goal: 'in less than a second',
        variant,
        metric: 'purgeMs',
        most: 1_000,
        unit: ' ms',
      }),
      goal(cells, {
        what: 'the room of purged jobs that purge --compact gives back',
        goal: 'at least 99 %',
        variant,
        metric: 'backPercent',
        least: 99,
        digits: 1,
        unit: ' %',
      }),
    ],
  }
}

export function memory({ quick }) {
  const jobs = quick ? 100_000 : 1_000_000
  const variant = `${jobs.toLocaleString('en')} jobs`
  return {
    name: 'growth-memory',
    title: `The memory of a client and of a worker over ${variant}: after a tenth of them, and at the end`,
    variants: [{ key: variant }],
    limitMs: 1_200_000,
    columns: ['client', 'worker'].flatMap(who => [
      { metric: `${who}First`, label: `${who}, heap, MiB`, digits: 1 },
      { metric: `${who}Last`, label: 'at the end', digits: 1 },
      { metric: `${who}Rss`, label: 'RSS', digits: 0 },
      { metric: `${who}RssLast`, label: 'at the end', digits: 0 },
    ]),
    request: ({ spec }) => ({ kind: 'growth-memory', jobs, ...spec }),
    contestants,
    goals: cells =>
      ['client', 'worker'].map(who =>
        goal(cells, {
          what: `heap that each job leaves behind in the ${who}`,
          goal: 'less than a byte',
          variant,
          metric: `${who}Each`,
          most: 1,
          digits: 2,
          unit: ' bytes',
        }),
      ),
    notes: ['The heap is looked at after a collection. RSS holds what V8 and SQLite keep for later, too.'],
  }
}

const graphShapes = [
  { shape: 'wide', label: 'side by side', most: 100_000 },
  { shape: 'pairs', label: 'in pairs', most: 100_000 },
  { shape: 'row', label: 'in a row', most: 10_000 },
]

export function graphs({ quick }) {
  const sizes = [1_000, 10_000, 100_000]
  const variants = graphShapes.flatMap(({ shape, label, most }) =>
    sizes
      .filter(nodes => nodes <= (quick ? 10_000 : most))
      .map(nodes => ({ key: `${nodes.toLocaleString('en')} ${label}`, shape, nodes })),
  )
  return {
    name: 'growth-graphs',
    title: 'What a call of a graph costs by the number of calls in the graph: processor time of all threads together',
    variants,
    limitMs: 600_000,
    columns: [
      { metric: 'submitUs', label: 'sent, µs of CPU', digits: 1 },
      { metric: 'runUs', label: 'run', digits: 1 },
      { metric: 'cancelUs', label: 'cancelled', digits: 1 },
      { metric: 'sentBytes', label: 'heap while it waits, bytes each', digits: 1 },
      { metric: 'leftBytes', label: 'at the end', digits: 1 },
      { metric: 'rss', label: 'RSS, MiB', digits: 0 },
    ],
    request: ({ spec }, { shape, nodes }) => ({ kind: 'growth-graphs', shape, nodes, ...spec }),
    contestants,
    goals: cells =>
      graphShapes.flatMap(({ shape }) => {
        const [few, ...more] = variants.filter(each => each.shape === shape)
        return more.flatMap(({ key: variant }) =>
          [
            { metric: 'submitUs', name: 'to send a call of a graph' },
            { metric: 'runUs', name: 'to run it' },
          ].map(({ metric, name }) =>
            noDearer(cells, { what: `processor time ${name}, ${variant}`, variant, few: few.key, metric }),
          ),
        )
      }),
    notes: [
      'Client and worker are one program. The heap is looked at after a collection, as what it has grown by since before the graph was made.',
    ],
  }
}
