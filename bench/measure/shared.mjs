import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Threads that share something, and what one operation on it takes. */
export async function measure({ spec, kernel, with: what, threads, count, capacity }) {
  const { make } = await import(`../shared/${spec.library}.mjs`)
  const data = make(what, capacity)
  const cells = new Int32Array(new SharedArrayBuffer(8))
  const keys = Array.from({ length: 1_000 }, (_, n) => `user:${n}`)
  const workers = Array.from(
    { length: threads },
    (_, me) =>
      new Worker(new URL('../workers/shared.mjs', import.meta.url), {
        workerData: { spec, what, data, cells, kernel, threads, count, keys, me },
      }),
  )
  const done = await Promise.all(
    workers.map(async worker => {
      const [result] = await Promise.race([
        once(worker, 'message'),
        once(worker, 'error').then(([error]) => Promise.reject(error)),
      ])
      return result
    }),
  )
  check(kernel, { cells, done, count, threads, keys: keys.length })
  const ms = Math.max(...done.map(({ to }) => to)) - Math.min(...done.map(({ from }) => from))
  const operations = count * (kernel === 'queue' ? threads / 2 : threads)
  return kernel === 'lock' || kernel === 'get' || kernel === 'set'
    ? { ns: (ms * 1e6) / operations }
    : { rate: operations / (ms / 1000), ns: (ms * 1e6) / operations }
}

function check(kernel, { cells, done, count, threads, keys }) {
  const sum = done.reduce((total, { value = 0 }) => total + value, 0)
  const expected = {
    contended: () => cells[0] === count * threads + (count / 10) * threads,
    handover: () => cells[0] === count * threads + (count / 10) * threads,
    queue: () => sum === ((threads / 2) * count * (count - 1)) / 2,
    get: () => sum === totalOf(count, keys),
    set: () => sum === count - 1,
  }
  if (expected[kernel]?.() === false) throw new Error(`wrong results of ${kernel}: ${cells[0]}, ${sum}`)
}

function totalOf(count, keys) {
  let sum = 0
  for (let i = 0; i < count; i++) sum += (i * 7) % keys
  return sum
}
