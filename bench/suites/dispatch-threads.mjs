import { dispatchColumns, dispatchRequest, latencyGoals, rateGoals, sizes } from './dispatch.mjs'

const peer = { role: 'peer', versus: 'run' }

export function suite(options) {
  return {
    name: 'dispatch-threads',
    title: 'Threads: what a call costs when the task does nothing',
    variants: sizes(options),
    columns: dispatchColumns,
    request: dispatchRequest(options),
    contestants: [
      { key: 'run', label: 'skein threads, run', role: 'skein', spec: { library: 'skein', place: 'threads' } },
      {
        key: 'spin',
        label: 'skein threads, spin: 0.2',
        role: 'skein',
        spec: { library: 'skein', place: 'threads', options: { spin: 0.2 } },
      },
      {
        key: 'map',
        label: 'skein threads, map',
        role: 'skein',
        spec: { library: 'skein', place: 'threads', map: true },
      },
      { key: 'piscina', label: 'piscina, default', ...peer, spec: { library: 'piscina' } },
      { key: 'piscina-64', label: 'piscina, 64 per worker', ...peer, spec: { library: 'piscina', concurrency: 64 } },
      { key: 'tinypool', label: 'tinypool, default', ...peer, spec: { library: 'tinypool' } },
      { key: 'tinypool-64', label: 'tinypool, 64 per worker', ...peer, spec: { library: 'tinypool', concurrency: 64 } },
      { key: 'workerpool', label: 'workerpool, thread', ...peer, spec: { library: 'workerpool' } },
      { key: 'poolifier', label: 'poolifier, fixed thread', ...peer, spec: { library: 'poolifier' } },
      { key: 'raw', label: 'bare postMessage, one each', role: 'reference', versus: 'run', spec: { library: 'raw' } },
      {
        key: 'raw-batched',
        label: 'bare postMessage, batched',
        role: 'reference',
        versus: 'run',
        spec: { library: 'raw', batched: true },
      },
      { key: 'ring', label: 'bare ring, no pool', role: 'reference', versus: 'run', spec: { library: 'ring' } },
    ],
    goals: cells => [
      ...rateGoals([
        { against: ['piscina'], times: 10, text: "piscina's default" },
        {
          against: ['piscina-64', 'tinypool', 'tinypool-64', 'workerpool', 'poolifier'],
          times: 5,
          text: 'the best-tuned JavaScript peer',
        },
      ])(cells),
      ...latencyGoals([
        { key: 'run', against: 'piscina', times: 3, text: 'faster than piscina without spinning' },
        { key: 'spin', against: 'piscina', times: 6, text: 'faster than piscina with it' },
      ])(cells),
    ],
  }
}
