// The pools that more than one suite measures.

const threads = { library: 'skein', place: 'threads' }
const processes = { library: 'skein', place: 'processes' }
const peer = { role: 'peer', versus: 'run' }

/** skein's `run` on threads. */
export const runOnThreads = { key: 'run', label: 'skein threads, run', role: 'skein', spec: threads }

/** Others that run functions on threads. Those that can take more than one call per worker do so in a second row: a default alone would flatter us. */
export const threadPeers = [
  { key: 'piscina', label: 'piscina, default', ...peer, spec: { library: 'piscina' } },
  { key: 'piscina-64', label: 'piscina, 64 per worker', ...peer, spec: { library: 'piscina', concurrency: 64 } },
  { key: 'tinypool', label: 'tinypool, default', ...peer, spec: { library: 'tinypool' } },
  { key: 'tinypool-64', label: 'tinypool, 64 per worker', ...peer, spec: { library: 'tinypool', concurrency: 64 } },
  { key: 'workerpool', label: 'workerpool, thread', ...peer, spec: { library: 'workerpool' } },
  { key: 'poolifier', label: 'poolifier, fixed thread', ...peer, spec: { library: 'poolifier' } },
]

/** skein's `run` in processes. */
export const runInProcesses = { key: 'run', label: 'skein processes, run', role: 'skein', spec: processes }

/** Others that run functions in processes, but for Python's. */
export const processPeers = [
  { key: 'workerpool', label: 'workerpool, process', ...peer, spec: { library: 'workerpool', place: 'processes' } },
  { key: 'tinypool', label: 'tinypool, child_process', ...peer, spec: { library: 'tinypool', place: 'processes' } },
  { key: 'poolifier', label: 'poolifier, fixed cluster', ...peer, spec: { library: 'poolifier', place: 'processes' } },
]
