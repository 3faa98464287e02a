import { Piscina } from 'piscina'

export async function open({ workers, concurrency, atomics }) {
  const pool = new Piscina({
    filename: new URL('../workers/exports.mjs', import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    ...(concurrency === undefined ? {} : { concurrentTasksPerWorker: concurrency }),
    ...(atomics === undefined ? {} : { atomics }),
  })
  return {
    bind: name => {
      const options = { name }
      return arg => pool.run(arg, options)
    },
    close: () => pool.destroy(),
  }
}
