import { pythonContestants } from '../lib/python.mjs'
import { beforeGoals, dispatchColumns, dispatchRequest, rateGoals, sizes } from './dispatch.mjs'
import { processPeers, runInProcesses } from './pools.mjs'

const place = 'processes'
/** Why a call takes as long as it does. */
const pipe = 'writing, reading and keeping account of a call takes some 5 µs on each side of the pipe'

export function suite(options) {
  return {
    name: 'dispatch-processes',
    title: 'Processes: what a call costs when the task does nothing',
    variants: sizes(options),
    columns: dispatchColumns,
    request: dispatchRequest(options),
    contestants: [
      runInProcesses,
      { key: 'map', label: 'skein processes, map', role: 'skein', spec: { library: 'skein', place, map: true } },
      ...processPeers,
      { key: 'raw', label: "bare fork, Node's IPC", role: 'reference', versus: 'run', spec: { library: 'raw', place } },
      ...pythonContestants('dispatch', [
        { key: 'py-apply', label: 'Python Pool.apply(_async)', versus: 'run', spec: { api: 'Pool.apply' } },
        { key: 'py-map', label: 'Python Pool.map, chunks of 256', versus: 'map', spec: { api: 'Pool.map' } },
        {
          key: 'py-submit',
          label: 'Python ProcessPoolExecutor.submit',
          versus: 'run',
          spec: { api: 'ProcessPoolExecutor.submit' },
        },
        {
          key: 'py-emap',
          label: 'Python ProcessPoolExecutor.map',
          versus: 'map',
          spec: { api: 'ProcessPoolExecutor.map' },
        },
        {
          key: 'py-threads',
          label: 'Python ThreadPoolExecutor.submit',
          versus: 'run',
          spec: { api: 'ThreadPoolExecutor.submit' },
        },
      ]),
    ],
    goals: cells => [
      ...beforeGoals(cells),
      ...rateGoals([
        { against: ['workerpool'], times: 20, text: "workerpool's process mode", why: pipe },
        { against: ['py-apply'], times: 20, text: "Python's Pool.apply_async", why: pipe },
      ])(cells),
      ...rateGoals([{ key: 'map', against: ['py-map'], times: 1, text: "Python's Pool.map with chunks of 256" }])(
        cells,
      ),
    ],
  }
}
