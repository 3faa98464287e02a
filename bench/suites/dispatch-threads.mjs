import { beforeGoals, dispatchColumns, dispatchRequest, latencyGoals, rateGoals, sizes } from './dispatch.mjs'
import { runOnThreads, threadPeers } from './pools.mjs'

export function suite(options) {
  return {
    name: 'dispatch-threads',
    title: 'Threads: what a call costs when the task does nothing',
    variants: sizes(options),
    columns: dispatchColumns,
    request: dispatchRequest(options),
    contestants: [
      runOnThreads,
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
      ...threadPeers,
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
      ...beforeGoals(cells),
      ...rateGoals([
        { against: ['piscina'], times: 10, text: "piscina's default" },
        {
          against: threadPeers.map(({ key }) => key).filter(key => key !== 'piscina'),
          times: 5,
          text: 'the best-tuned JavaScript peer',
          why: 'the program and both workers share two cores, so what it costs the program to hand a call over is not hidden',
        },
      ])(cells),
      ...latencyGoals([
        {
          key: 'run',
          against: 'piscina',
          times: 3,
          text: 'faster than piscina without spinning',
          why: 'both wake a sleeping core twice, and that takes nearly all of the time',
        },
        { key: 'spin', against: 'piscina', times: 6, text: 'faster than piscina with it' },
      ])(cells),
    ],
  }
}
