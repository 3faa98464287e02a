import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let gc

/** What of this program's heap is in use after a collection, and its resident memory, in MiB. */
export async function heapAndRss() {
  await collectGarbage()
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20 }
}

/** Collects what nobody holds any more; what is held until the next turn of the loop, too. */
export async function collectGarbage() {
  for (let n = 0; n < 3; n++) {
    await new Promise(resolve => setImmediate(resolve))
    collect()
  }
}

/** Collects what nobody holds at this moment. */
export function collect() {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc')
    gc = runInNewContext('gc')
  }
  gc()
}
