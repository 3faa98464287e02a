import { fileURLToPath } from 'node:url'
import workerpool from 'workerpool'

export async function open({ workers, place }) {
  const pool = workerpool.pool(fileURLToPath(new URL('../workers/workerpool.mjs', import.meta.url)), {
    minWorkers: workers,
    maxWorkers: workers,
    workerType: place === 'processes' ? 'process' : 'thread',
  })
  return {
    bind: name => arg => pool.exec(name, [arg]),
    close: () => pool.terminate(true),
  }
}
