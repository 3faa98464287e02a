import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect

/** What of this program's heap is in use after a collection, and its resident memory, in MiB. */
export async function heapAndRss() {
  await collectGarbage()
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20 }
}

/** Collects what nobody holds any more; what is held until the next turn of the loop, too. */
export async function collectGarbage() {
  setFlagsFromString('--expose-gc')
  collect ??= runInNewContext('gc')
  for (let n = 0; n < 3; n++) {
    await new Promise(resolve => setImmediate(resolve))
    collect()
  }
}
