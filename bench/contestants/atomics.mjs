import { Worker } from 'node:worker_threads'

/** Two threads that wake each other with Atomics, and do nothing else: what V8 makes of the system's own wake-up. */
export async function open() {
  const turn = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('../workers/atomics.mjs', import.meta.url), { workerData: turn })
  return {
    roundTrips: (warmupMs, latencyMs) => {
      trips(turn, warmupMs)
      return trips(turn, latencyMs)
    },
    close: () => worker.terminate(),
  }
}

function trips(turn, ms) {
  const found = []
  const end = performance.now() + ms
  for (;;) {
    const from = performance.now()
    if (from >= end) return found
    Atomics.store(turn, 0, 1)
    Atomics.notify(turn, 0)
    while (Atomics.load(turn, 0) === 1) Atomics.wait(turn, 0, 1)
    found.push((performance.now() - from) * 1000)
  }
}
