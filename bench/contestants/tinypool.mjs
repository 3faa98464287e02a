import { Tinypool } from 'tinypool'

export async function open({ workers, concurrency, place }) {
  const pool = new Tinypool({
    filename: new URL('../workers/exports.mjs', import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    runtime: place === 'processes' ? 'child_process' : 'worker_threads',
    ...(concurrency === undefined ? {} : { concurrentTasksPerWorker: concurrency }),
  })
  return {
    bind: name => {
      const options = { name }
      return arg => pool.run(arg, options)
    },
    close: () => pool.destroy(),
  }
}
