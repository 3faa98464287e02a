import { held } from './goals.mjs'

export function suite({ quick }) {
  const MB = 1_000_000
  return {
    name: 'large-values',
    title: 'A call on a thread with a large Uint8Array: cloned, moved, shared, or put before',
    variants: [
      { key: '1 MB', bytes: MB, clones: 20 },
      { key: '50 MB', bytes: 50 * MB, clones: quick ? 1 : 2 },
    ],
    columns: [
      { metric: 'cloneMs', label: 'cloned, ms', digits: 2 },
      { metric: 'cloneBackMs', label: 'cloned there and back, ms', digits: 2 },
      { metric: 'moveMs', label: 'moved there and back, ms', digits: 3 },
      { metric: 'shareMs', label: 'shared, ms', digits: 3 },
      { metric: 'putMs', label: 'put, ms', digits: 3 },
      { metric: 'emptyMs', label: 'without bytes, ms', digits: 3 },
      { metric: 'moveTimes', label: 'cheaper by moving, times', digits: 0 },
      { metric: 'shareTimes', label: 'by sharing, times', digits: 0 },
    ],
    request: (_contestant, { bytes, clones }) => ({ kind: 'large-values', bytes, clones, calls: quick ? 300 : 1_000 }),
    contestants: [{ key: 'skein', label: 'skein', role: 'skein', spec: { library: 'skein' } }],
    goals: cells =>
      cells
        .filter(cell => cell.variant === '50 MB')
        .flatMap(({ metrics }) =>
          ['move', 'share'].map(way => {
            return held({
              what: `50 MB ${way}d, the whole call`,
              goal: 'at least 1000x cheaper than with a clone',
              found: metrics[`${way}Times`],
              least: 1000,
              unit: 'x',
            })
          }),
        ),
    notes: [
      'Each figure is a whole call, one at a time: there, run, and back. Moved bytes are compared with cloned ones that make the same way.',
      'With spin: 0.2, so that no core falls asleep between two calls: waking one takes longer than all that is compared here but the clones.',
      'What is moved or shared costs nothing itself; what is left is the call, so the factor grows with the size. CPU times are in the file of all figures.',
    ],
  }
}
