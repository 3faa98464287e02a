import { fileURLToPath } from 'node:url'
import { FixedClusterPool, FixedThreadPool } from 'poolifier'

export async function open({ workers, place, queue }) {
  const processes = place === 'processes'
  const file = fileURLToPath(
    new URL(`../workers/poolifier-${processes ? 'cluster.cjs' : 'thread.mjs'}`, import.meta.url),
  )
  const Pool = processes ? FixedClusterPool : FixedThreadPool
  const pool = new Pool(workers, file, {
    errorHandler: error => console.error(error),
    ...(queue === undefined ? {} : { enableTasksQueue: true, tasksQueueOptions: { concurrency: queue } }),
  })
  return {
    bind: name => arg => pool.execute(arg, name),
    close: () => pool.destroy(),
  }
}
