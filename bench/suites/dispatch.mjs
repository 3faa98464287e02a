// What the two dispatch suites have in common.
import { bestOf } from './goals.mjs'

const inFlight = 1000

export const dispatchColumns = [
  { metric: 'p50', label: '1 in flight, p50 µs', digits: 1, ratio: 'p50' },
  { metric: 'p99', label: 'p99 µs', digits: 0 },
  { metric: 'rate', label: `${inFlight} in flight, calls/s`, digits: 0, ratio: 'rate' },
]

export function sizes({ workers }) {
  const one = { key: '1 worker', workers: 1 }
  return workers === 1 ? [one] : [one, { key: `${workers} workers`, workers }]
}

export function dispatchRequest({ quick }) {
  const times = quick
    ? { warmupMs: 300, latencyMs: 150, rateMs: 300 }
    : { warmupMs: 1_500, latencyMs: 500, rateMs: 1_000 }
  return (contestant, variant) => ({
    kind: 'dispatch',
    spec: contestant.spec,
    workers: variant.workers,
    inFlight,
    ...times,
  })
}

/** Goals on the round trip of one call in flight, at each number of workers. */
export function latencyGoals(list) {
  return cells =>
    list.flatMap(({ key, against, times, text }) =>
      [...new Set(cells.map(cell => cell.variant))].map(variant => {
        const here = cells.filter(cell => cell.variant === variant)
        const ours = here.find(cell => cell.key === key)?.metrics.p50?.median
        const theirs = here.find(cell => cell.key === against)
        const factor =
          ours === undefined || theirs?.metrics.p50 === undefined ? undefined : theirs.metrics.p50.median / ours
        return {
          text: `1 in flight, ${variant}, p50: at least ${times}x ${text}`,
          figure: factor === undefined ? undefined : `${factor.toFixed(1)}x ${theirs.label}`,
          reached: factor === undefined ? undefined : factor >= times,
        }
      }),
    )
}

/** Goals on calls per second, of `run` unless `key` says `map`, each at every number of workers, against the best of the peers named. */
export function rateGoals(list) {
  return cells =>
    list.flatMap(({ key = 'run', against, times, text }) =>
      [...new Set(cells.map(cell => cell.variant))].map(variant => {
        const best = bestOf(cells.filter(cell => cell.variant === variant && against.includes(cell.key)))
        return {
          text: `${key === 'map' ? 'map' : `${inFlight} in flight`}, ${variant}: at least ${times}x ${text}`,
          figure: best && `${best.ratio.median.toFixed(1)}x ${best.label}`,
          range: best && [best.ratio.min, best.ratio.max],
          reached: best && best.ratio.median >= times,
        }
      }),
    )
}
