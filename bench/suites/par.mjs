import { venvContestants } from '../lib/python.mjs'
import { salesFile, textFile } from '../lib/text.mjs'
import { goal, ratio } from './goals.mjs'

const million = 1_000_000

/** Kinds of work: over so many numbers, or over a file. */
const works = quick => [
  { key: 'sum of fractions', work: 'sum', size: quick ? 5 * million : 20 * million },
  { key: 'histogram of fractions', work: 'histogram', size: quick ? 5 * million : 20 * million },
  { key: 'sorting fractions', work: 'sort', size: quick ? million : 10 * million },
  { key: 'words of a file', work: 'words', bytes: quick ? 20 * million : 200 * million, isFile: true },
  { key: 'sums by country of JSON lines', work: 'groups', sales: quick ? million / 5 : million, isFile: true },
]

/** Why a goal is missed, as far as that is known. */
const reasons = {
  'sum plain':
    'two threads took no less time than one here; WebAssembly with SIMD on the same threads, a row of its own, takes half of it',
  'sum numpy': 'WebAssembly with SIMD on the same threads, a row of its own, is faster than NumPy',
  'sort numpy': 'NumPy sorts in C, and may use wide instructions of the processor',
}

const keysOf = fits =>
  works(false)
    .filter(fits)
    .map(({ key }) => key)

export function suite({ quick, workers }) {
  const files = new Map()
  const fileOf = ({ key, bytes, sales, isFile }) => {
    if (!isFile) return undefined
    if (!files.has(key)) files.set(key, bytes === undefined ? salesFile(sales) : textFile(bytes))
    return files.get(key)
  }
  return {
    name: 'par',
    title: `One computation over many items, on ${workers} threads: what it takes, beside one thread and beside Python`,
    variants: works(quick),
    columns: [
      { metric: 'ms', label: 'ms', digits: 1, ratio: 'ms' },
      { metric: 'rssMB', label: 'MB at most', digits: 0 },
    ],
    notes: [
      'Numbers lie in shared memory (in Python in an array of NumPy), the text is made of the files of this machine. Python reads the same files in parts of 4 MB.',
      'joblib and dask.bag compute in processes; joblib has nothing for sorting, and dask.bag nothing for arrays.',
      'Python is measured once where it reads a file, with the start of its processes; all others once more after a first run.',
      'MB of Python are those of the program and of its largest process together.',
    ],
    request: ({ spec, role }, variant) => ({
      kind: 'par',
      spec,
      workers,
      work: variant.work,
      size: variant.size,
      file: fileOf(variant),
      repeats: variant.isFile ? (role === 'python' ? 0 : 1) : 3,
    }),
    limitMs: 240_000,
    contestants: [
      { key: 'threads', label: 'skein threads', role: 'skein', spec: { place: 'threads' } },
      { key: 'loop', label: 'skein loop', role: 'skein', spec: { place: 'loop' } },
      {
        key: 'wasm',
        label: 'skein threads, WebAssembly with SIMD',
        role: 'skein',
        spec: { place: 'wasm' },
        only: keysOf(({ work }) => work === 'sum'),
      },
      {
        key: 'plain',
        label: 'plain JavaScript, one thread',
        role: 'peer',
        versus: 'threads',
        spec: { place: 'plain' },
      },
      ...venvContestants('par', [
        { key: 'numpy', label: 'NumPy', versus: 'threads', spec: 'numpy', only: keysOf(({ isFile }) => !isFile) },
        {
          key: 'joblib',
          label: 'joblib',
          versus: 'threads',
          spec: 'joblib',
          only: keysOf(({ work }) => work !== 'sort'),
        },
        { key: 'dask', label: 'dask.bag', versus: 'threads', spec: 'dask', only: keysOf(({ isFile }) => isFile) },
      ]),
    ],
    goals: cells =>
      works(quick).flatMap(({ key, work, isFile }) => {
        const beside = (against, what, most) =>
          ratio(cells, {
            what: `${key}, beside ${what}`,
            goal: `at most ${most.toFixed(2)} of its time`,
            variant: key,
            key: 'threads',
            against,
            metric: 'ms',
            most,
            digits: 0,
            unit: ' ms',
            why: reasons[`${work} ${against}`],
            needs: against === 'plain' ? undefined : 'Python with its packages',
          })
        return [
          beside('plain', 'one thread of plain JavaScript', 1 / 1.7),
          ...(isFile
            ? [beside('joblib', 'joblib', 1 / 5), beside('dask', 'dask.bag', 1 / 5)]
            : [beside('numpy', 'NumPy', 1)]),
          ...(work === 'words'
            ? [
                goal(cells, {
                  what: `${key}: memory of the whole program`,
                  goal: 'at most 200 MB',
                  variant: key,
                  key: 'threads',
                  metric: 'rssMB',
                  most: 200,
                  unit: ' MB',
                  why: 'it was 250 MB for this text alone and 253 MB for five times as much; with --max-semi-space-size=2, which keeps the nurseries of the three heaps small, 182 MB for this text (231 MB with 4, for five times as much)',
                }),
              ]
            : []),
        ]
      }),
  }
}
