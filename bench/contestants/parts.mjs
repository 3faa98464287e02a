/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins, only windows do */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** No pool at all, and no calls: each thread is told once which part of the items is its own. The ideal, not a peer. */
export async function open({ workers }) {
  const threads = Array.from({ length: workers }, () => new Worker(new URL('../workers/part.mjs', import.meta.url)))
  return {
    mapAll: async (name, items) => {
      const size = Math.ceil(items.length / workers)
      const parts = threads.map(async (thread, n) => {
        const part = Int32Array.from(items.slice(n * size, (n + 1) * size))
        thread.postMessage({ name, part }, [part.buffer])
        const [results] = await once(thread, 'message')
        return results
      })
      const all = new Int32Array(items.length)
      for (const [n, part] of (await Promise.all(parts)).entries()) all.set(part, n * size)
      return all
    },
    close: () => Promise.all(threads.map(thread => thread.terminate())),
  }
}
