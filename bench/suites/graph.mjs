import { venvContestants } from '../lib/python.mjs'
import { goal, ratio } from './goals.mjs'

const shapes = { wide: 'side by side, then one', tree: 'added up in pairs', chain: 'in a row' }
const sizes = [100, 1_000, 10_000, 100_000]

const variants = Object.entries(shapes).flatMap(([shape, label]) =>
  sizes.map(nodes => ({ key: `${nodes.toLocaleString('en')} ${label}`, shape, nodes })),
)
const keysOf = fits => variants.filter(fits).map(({ key }) => key)

export function suite({ quick, workers }) {
  const shown = quick ? variants.filter(({ nodes }) => nodes <= 10_000) : variants
  return {
    name: 'graph',
    title: `Graphs of tasks that do next to nothing, on ${workers} threads: what a node costs`,
    variants: shown,
    columns: [{ metric: 'us', label: 'µs per node', digits: 2, ratio: 'us' }],
    notes: [
      'Each graph is made before; a run is from handing it over to its result. Only one thread of Python runs at a time, and no task here takes ' +
        'long enough for that to matter.',
      'distributed takes up to half a minute for a hundred thousand nodes, so there is none; joblib has no graphs, so only tasks side by side.',
    ],
    // Python takes up to a minute for the largest.
    request: ({ spec, role }, { shape, nodes }) => ({
      kind: 'graph',
      spec,
      workers,
      shape,
      nodes,
      repeats: nodes >= 10_000 ? (role === 'python' ? 1 : 5) : role === 'python' ? 5 : 20,
    }),
    limitMs: 240_000,
    contestants: [
      { key: 'threads', label: 'skein threads', role: 'skein', spec: { place: 'threads' } },
      { key: 'loop', label: 'skein loop', role: 'skein', spec: { place: 'loop' } },
      ...venvContestants('graph', [
        { key: 'dask', label: 'Dask, threaded scheduler', versus: 'threads', spec: 'threads' },
        {
          key: 'distributed',
          label: 'Dask distributed, in one process',
          versus: 'threads',
          spec: 'distributed',
          only: keysOf(({ nodes }) => nodes <= 10_000),
        },
        {
          key: 'joblib',
          label: 'joblib on threads',
          versus: 'threads',
          spec: 'joblib',
          only: keysOf(({ shape }) => shape === 'wide'),
        },
      ]),
    ],
    goals: cells =>
      Object.keys(shapes).flatMap(shape => {
        const { key } = variants.find(each => each.shape === shape && each.nodes === 10_000)
        return [
          goal(cells, {
            what: `a node of a graph on threads: ${key}`,
            goal: 'below 10 µs',
            variant: key,
            key: 'threads',
            metric: 'us',
            most: 10,
            digits: 2,
            unit: ' µs',
          }),
          ratio(cells, {
            what: `the same beside Dask's threaded scheduler: ${key}`,
            goal: 'at most an eighth of it',
            variant: key,
            key: 'threads',
            against: 'dask',
            metric: 'us',
            most: 1 / 8,
            digits: 2,
            unit: ' µs',
            needs: 'Python with Dask',
          }),
        ]
      }),
  }
}
