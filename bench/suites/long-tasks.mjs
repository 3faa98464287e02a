import { turnsPerMicrosecond } from '../work.mjs'
import { held } from './goals.mjs'
import { processPeers, runInProcesses, runOnThreads, threadPeers } from './pools.mjs'

const variants = [
  { key: 'threads, 1 ms', us: 1_000, inFlight: 100, subject: runOnThreads },
  { key: 'threads, 10 ms', us: 10_000, inFlight: 40, subject: runOnThreads },
  { key: 'processes, 1 ms', us: 1_000, inFlight: 100, subject: runInProcesses },
  { key: 'processes, 10 ms', us: 10_000, inFlight: 40, subject: runInProcesses },
]

/** Those of the peers that were quickest with long tasks, each with the variants that concern it. */
const quickest = (peers, keys, subject) =>
  peers
    .filter(({ key }) => keys.includes(key))
    .map(peer => ({
      ...peer,
      key: `${peer.key} ${subject.spec.place}`,
      versus: undefined,
      only: variants.filter(variant => variant.subject === subject).map(({ key }) => key),
    }))

/** Where every pool keeps all cores at work, what sets them apart is less than what a machine does from one minute to the next. */
export function suite({ quick, workers }) {
  let perMicrosecond
  return {
    name: 'long-tasks',
    title: `Long tasks on ${workers} workers: skein and a peer in turns within one program`,
    variants: quick ? variants.filter(({ us }) => us === 1_000) : variants,
    contestants: [
      ...quickest(threadPeers, ['piscina-64', 'workerpool', 'poolifier'], runOnThreads),
      ...quickest(processPeers, ['workerpool', 'poolifier'], runInProcesses),
    ],
    columns: [
      { metric: 'ours', label: 'skein, calls/s', digits: 0 },
      { metric: 'theirs', label: 'peer, calls/s', digits: 0 },
      { metric: 'ratio', label: 'skein is', digits: 3 },
      { metric: 'low', label: 'lower quartile', digits: 3 },
      { metric: 'high', label: 'upper quartile', digits: 3 },
    ],
    notes: [
      'Each figure is the median, or a quartile, of 12 pairs of measurements, 4 in a quick run. Not slower means that skein was ' +
        'ahead in a quarter of them at least.',
    ],
    limitMs: 180_000,
    request: (contestant, { us, inFlight, subject }) => {
      perMicrosecond ??= turnsPerMicrosecond()
      return {
        kind: 'in-turns',
        specs: [subject.spec, contestant.spec],
        workers,
        inFlight,
        turns: Math.round(us * perMicrosecond),
        warmupMs: quick ? 300 : 10_000,
        rateMs: quick ? 300 : us === 1_000 ? 1_500 : 3_000,
        pairs: quick ? 4 : 12,
      }
    },
    goals: cells =>
      cells.map(({ variant, label, metrics: { ratio, low, high } }) =>
        held({
          what: variant,
          goal: `not slower than ${label}`,
          // The quartiles of the turns; a difference is one that all but a quarter of them show.
          found: ratio && { min: low.median, median: high.median, max: high.median },
          figure: ratio && `${ratio.median.toFixed(3)}x`,
          least: 1,
        }),
      ),
  }
}
