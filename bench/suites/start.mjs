import { goal, ratio } from './goals.mjs'

const peer = { role: 'peer', versus: 'skein' }

/** The pools, each in the places that it has: a pool of threads, of processes, and none at all. */
const pools = [
  { key: 'skein', label: 'skein', role: 'skein', spec: { library: 'skein' } },
  { key: 'piscina', label: 'piscina', ...peer, place: 'threads', spec: { library: 'piscina' } },
  { key: 'tinypool', label: 'tinypool', ...peer, spec: { library: 'tinypool' } },
  { key: 'workerpool', label: 'workerpool', ...peer, spec: { library: 'workerpool' } },
  { key: 'raw', label: 'bare Worker or fork', role: 'reference', versus: 'skein', spec: { library: 'raw' } },
]

/** For variants that have a `place`. */
const inPlaces = variants =>
  pools.map(({ place, ...each }) =>
    place === undefined
      ? each
      : { ...each, only: variants.filter(variant => variant.place === place).map(({ key }) => key) },
  )

/** What each of skein's places is measured against: a pool, and the bare thing. */
const against = {
  threads: { pool: 'piscina', poolMost: 0.9, bare: 'a bare Worker', bareMost: 1.15 },
  processes: { pool: 'tinypool', poolMost: 1, bare: 'a bare fork', bareMost: 1.3 },
}

/** Why the goals of the start are missed, where they are. */
const moreCode = 'a worker loads the code of scopes, cancellation and errors before its first call'

export function answers() {
  const variants = [
    { key: '1 thread', place: 'threads', workers: 1 },
    { key: '1 process', place: 'processes', workers: 1 },
    { key: '4 threads', place: 'threads', workers: 4 },
    { key: '4 processes', place: 'processes', workers: 4 },
  ]
  const early = {
    key: 'early',
    label: 'skein, minWorkers: 4',
    role: 'skein',
    only: ['4 threads', '4 processes'],
    spec: { library: 'skein', options: { minWorkers: 4 } },
  }
  return {
    name: 'start-answers',
    title: 'Start-up: from creating a pool to the first answer of each of its workers',
    variants,
    columns: [{ metric: 'startMs', label: 'answered after, ms', digits: 1, ratio: 'startMs' }],
    request: (contestant, { place, workers }) => ({
      kind: workers === 1 ? 'first-answer' : 'each-answer',
      spec: { ...contestant.spec, place },
      workers,
    }),
    contestants: [...inPlaces(variants), early],
    goals: cells =>
      variants.flatMap(({ key: variant, place, workers }) => {
        const { pool, poolMost, bare, bareMost } = against[place]
        const what =
          workers === 1 ? `first answer of ${place}({ workers: 1 })` : `${variant}, until each of them has answered`
        const request = { what, variant, metric: 'startMs', digits: 1, unit: ' ms', why: moreCode }
        return [
          ratio(cells, { ...request, goal: `at most ${poolMost}x ${pool}`, against: pool, most: poolMost }),
          ratio(cells, { ...request, goal: `at most ${bareMost}x ${bare}`, against: 'raw', most: bareMost }),
        ]
      }),
  }
}

export function memory() {
  const variants = [
    { key: 'threads', place: 'threads' },
    { key: 'processes', place: 'processes' },
  ]
  return {
    name: 'start-memory',
    title: 'The memory that one idle worker adds to a program',
    variants,
    columns: [
      { metric: 'added', label: 'added, MiB', digits: 1, ratio: 'added' },
      { metric: 'pss', label: 'PSS, MiB', digits: 1 },
      { metric: 'rss', label: 'RSS, MiB', digits: 1 },
    ],
    request: (contestant, { place }) => ({
      kind: 'idle-memory',
      spec: { ...contestant.spec, place },
      workers: 6,
      processes: place === 'processes',
    }),
    contestants: inPlaces(variants),
    goals: cells =>
      variants.map(({ key: variant, place }) =>
        ratio(cells, {
          what: `memory that one idle ${place === 'threads' ? 'thread' : 'process'} adds`,
          goal: `at most 1.15x ${against[place].bare}`,
          variant,
          against: 'raw',
          metric: 'added',
          most: 1.15,
          digits: 1,
          unit: ' MiB',
          why: 'that code, compiled, and its share of memory for calls on their way',
        }),
      ),
    notes: [
      'Of a process, that is the memory that it shares with no other, and what its program has grown by. RSS counts in each process the pages ' +
        'that all of them share, PSS counts them once, in parts.',
    ],
  }
}

export function programs({ quick }) {
  const library = 'import'
  const help = 'skein --help'
  const map = 'skein map on 3 inputs'
  const main = '../dist/cli/main.js'
  const imported = (key, names, role = 'peer') => ({
    key,
    label: `import ${names.map(name => `'${name}'`).join(', ')}`,
    role,
    ...(key === 'skein' ? {} : { versus: 'skein' }),
    only: [library],
    imports: names,
  })
  return {
    name: 'start-programs',
    title: 'Whole programs: what they take beyond one that does nothing',
    variants: [
      { key: library },
      { key: help, command: [main, '--help'] },
      { key: map, command: [main, 'map', 'queue/tasks.mjs:noop', '1', '2', '3'] },
    ],
    columns: [
      { metric: 'ms', label: 'all of it, ms', digits: 1 },
      { metric: 'beyondMs', label: 'beyond node -e 0, ms', digits: 1, ratio: 'beyondMs' },
      { metric: 'times', label: 'times node -e 0', digits: 2 },
      { metric: 'cpuBeyondMs', label: 'CPU beyond it, ms', digits: 1, ratio: 'cpuBeyondMs' },
      { metric: 'cpuTimes', label: 'times its CPU', digits: 2 },
    ],
    limitMs: 60_000,
    request: ({ imports }, { command }) => ({ kind: 'program', imports, command, repeats: quick ? 5 : 15 }),
    contestants: [
      { ...imported('skein', ['skein'], 'skein'), imports: ['../dist/index.js'] },
      {
        ...imported('skein-threads', ['skein', 'skein/threads'], 'reference'),
        imports: ['../dist/index.js', '../dist/threads/index.js'],
      },
      ...[['piscina'], ['tinypool'], ['workerpool'], ['poolifier'], ['bullmq'], ['p-limit', 'p-queue']].map(names =>
        imported(names.join(' '), names),
      ),
      { key: 'command', label: 'skein', role: 'skein', only: [help, map] },
    ],
    goals: cells => [
      ratio(cells, {
        what: "import 'skein' beyond an empty program",
        goal: 'at most 0.25x piscina',
        variant: library,
        against: 'piscina',
        metric: 'beyondMs',
        most: 0.25,
        digits: 1,
        unit: ' ms',
        why: 'V8 compiles the modules of scopes, tasks and errors each time; piscina takes most of its time for modules of Node',
      }),
      ...[
        { variant: help, most: 1.5, why: 'loading the first module takes Node some 15 ms' },
        { variant: map, most: 2.5, why: 'a thread starts, which alone takes as long as node -e 0' },
      ].map(({ variant, most, why }) =>
        goal(cells, {
          what: variant,
          goal: `at most ${most}x node -e 0`,
          variant,
          key: 'command',
          metric: 'times',
          most,
          digits: 2,
          unit: 'x',
          why,
        }),
      ),
    ],
  }
}
