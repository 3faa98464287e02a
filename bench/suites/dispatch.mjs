// What the two dispatch suites have in common.
import { bestOf, held, ratio, ratioOf } from './goals.mjs'

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

/** With `--before`: no slower than the build before. */
export function beforeGoals(cells) {
  return cells
    .filter(({ key }) => key.endsWith(' before'))
    .map(({ key: against, variant }) => {
      const key = against.slice(0, -' before'.length)
      return ratio(cells, {
        what: `${cells.find(cell => cell.variant === variant && cell.key === key)?.label}, ${variant}, ${inFlight} in flight: calls per second`,
        goal: 'at least 0.97x the build before',
        variant,
        key,
        against,
        metric: 'rate',
        least: 0.97,
      })
    })
}

/** Goals on the round trip of one call in flight, at each number of workers. */
export function latencyGoals(list) {
  return cells =>
    list.flatMap(({ key, against, times, text, why }) =>
      [...new Set(cells.map(cell => cell.variant))].map(variant => {
        const cell = name => cells.find(other => other.variant === variant && other.key === name)
        const found = ratioOf(cell(against), cell(key), 'p50')
        return held({
          what: `1 in flight, ${variant}, p50`,
          goal: `at least ${times}x ${text}`,
          found,
          figure: found && `${found.median.toFixed(1)}x ${cell(against).label}`,
          least: times,
          why,
        })
      }),
    )
}

/** Goals on calls per second, of `run` unless `key` says `map`, each at every number of workers, against the best of the peers named. */
export function rateGoals(list) {
  return cells =>
    list.flatMap(({ key = 'run', against, times, text, why }) =>
      [...new Set(cells.map(cell => cell.variant))].map(variant => {
        const best = bestOf(cells.filter(cell => cell.variant === variant && against.includes(cell.key)))
        return held({
          what: `${key === 'map' ? 'map' : `${inFlight} in flight`}, ${variant}`,
          goal: `at least ${times}x ${text}`,
          found: best?.ratio,
          figure: best && `${best.ratio.median.toFixed(1)}x ${best.label}`,
          least: times,
          why,
        })
      }),
    )
}
