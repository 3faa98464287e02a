import { pythonContestants } from '../lib/python.mjs'
import { turnsPerMicrosecond } from '../work.mjs'
import { bestOf, held } from './goals.mjs'
import { processPeers, runInProcesses, runOnThreads, threadPeers } from './pools.mjs'

const threads = [runOnThreads, ...threadPeers]

const processes = [
  runInProcesses,
  ...processPeers,
  ...pythonContestants('curve', [
    { key: 'py-apply', label: 'Python Pool.apply_async', versus: 'run', spec: { api: 'Pool.apply' } },
    {
      key: 'py-submit',
      label: 'Python ProcessPoolExecutor.submit',
      versus: 'run',
      spec: { api: 'ProcessPoolExecutor.submit' },
    },
  ]),
]

const lengths = [
  { key: '0', at: 1, us: 0, inFlight: 1_000 },
  { key: '10 µs', at: 10, us: 10, inFlight: 1_000 },
  { key: '100 µs', at: 100, us: 100, inFlight: 1_000 },
  // Two thousand calls a second, or fewer: it takes long until V8 has compiled the code around them, and that is on these cores, too.
  { key: '1 ms', at: 1_000, us: 1_000, inFlight: 100, warmupMs: 15_000 },
  { key: '10 ms', at: 10_000, us: 10_000, inFlight: 40, warmupMs: 15_000 },
]

const payloads = [
  { key: '16 B', at: 16, inFlight: 1_000 },
  { key: '256 B', at: 256, inFlight: 1_000 },
  { key: '4 kB', at: 4_000, inFlight: 1_000 },
  { key: '64 kB', at: 64_000, inFlight: 100 },
  { key: '1 MB', at: 1_000_000, inFlight: 8 },
  { key: '50 MB', at: 50_000_000, inFlight: 2 },
]

/** How many calls a second go through, by how long a task computes. */
export const lengthsOnThreads = options => lengthSuite('lengths-threads', 'threads', threads, options)
export const lengthsInProcesses = options => lengthSuite('lengths-processes', 'processes', processes, options)

/** How many calls a second go through, by how long a text their argument holds. */
export const payloadsOnThreads = options => payloadSuite('payloads-threads', 'threads', threads, options)
export const payloadsInProcesses = options => payloadSuite('payloads-processes', 'processes', processes, options)

function lengthSuite(name, where, contestants, { quick, workers }) {
  let perMicrosecond
  return curve({
    name,
    title: `Calls per second on ${workers} ${where}, by how long the task computes`,
    axis: 'the task computes for (µs; none at the left)',
    variants: quick ? [lengths[0], lengths[2]] : lengths,
    contestants,
    ask: (contestant, { us }) => {
      perMicrosecond ??= turnsPerMicrosecond()
      return contestant.role === 'python' ? { us } : { turns: Math.round(us * perMicrosecond) }
    },
    workers,
    quick,
  })
}

function payloadSuite(name, where, contestants, { quick, workers }) {
  return curve({
    name,
    title: `Calls per second on ${workers} ${where}, by the size of a string in the argument`,
    axis: 'the argument holds (bytes)',
    variants: quick ? [payloads[0], payloads[3]] : payloads,
    contestants,
    ask: (_, { at }) => ({ bytes: at }),
    workers,
    quick,
  })
}

function curve({ name, title, axis, variants, contestants, ask, workers, quick }) {
  return {
    name,
    title,
    variants,
    contestants: [...contestants],
    columns: [{ metric: 'rate', label: 'calls/s', digits: 0, ratio: 'rate' }],
    /** One table for all, and a picture. */
    curve: { axis, unit: 'calls per second' },
    limitMs: 90_000,
    request: (contestant, variant) => ({
      kind: 'curve',
      spec: contestant.spec,
      workers,
      inFlight: variant.inFlight,
      warmupMs: quick ? 300 : (variant.warmupMs ?? 1_000),
      rateMs: quick ? 300 : 1_500,
      ...ask(contestant, variant),
    }),
    goals: cells => notSlower(cells),
  }
}

/** Nowhere slower than the best peer. */
function notSlower(cells) {
  return [...new Set(cells.map(cell => cell.variant))].map(variant => {
    const best = bestOf(cells.filter(cell => cell.variant === variant && cell.key !== 'run'))
    return held({
      what: variant,
      goal: 'not slower than the best peer (0.95 counts as the same)',
      found: best?.ratio,
      figure: best && `${best.ratio.median.toFixed(2)}x ${best.label}`,
      least: 0.95,
    })
  })
}
