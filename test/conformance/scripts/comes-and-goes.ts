import { call, main } from 'skein'
import { placeNamed } from '../places/named.ts'
import type { OpenOptions } from '../suite.ts'
import { leave, pass, passAndLinger, passSlowly, wakeUp } from '../tasks/leaving.ts'

// Workers start, leave, crash and are replaced at random moments, and leaving takes them a while. Nothing else is on the
// loop of this program: only the calls that wait keep it alive.
const [, , name, seed] = process.argv
let state = Number(seed)

/** A whole number below the limit. */
function random(limit: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
  return (state >>> 8) % limit
}

const cannotBeSent = (() => 1) as unknown as number

const one = <T>(...choices: readonly T[]): T => choices[random(choices.length)] as T

await main(import.meta, async () => {
  const place = await placeNamed(name)
  const single = place.open({ workers: 1, maxTasksPerWorker: 2 })
  await single.run(passAndLinger, 0)
  await Promise.all([1, 2, 3].map(n => single.run(passAndLinger, n)))
  for (let round = 0; round < 2; round++) {
    const options: OpenOptions = {
      workers: one(1, 2, 3),
      concurrency: one(1, 1, 4),
      maxTasksPerWorker: one(1, 2, 5),
      idleTimeout: one(0, 1, 30_000),
      grace: 200,
      ...one({}, {}, { maxWorkerAge: 1 }, { maxWorkerMemory: 1_000 }, { initializer: call(wakeUp) }),
    }
    const pool = place.open(options)
    for (let burst = 0; burst < 2; burst++) {
      const abort = new AbortController()
      const calls = Array.from({ length: 1 + random(8) }, (_, n) => {
        switch (random(7)) {
          case 0:
            return pool.run(leave)
          case 1:
            return pool.run(call(pass, n).with({ signal: abort.signal }))
          case 2:
            return pool.run(pass, cannotBeSent)
          case 3:
            return pool.map(pass, [1, 2, 3, 4], { ordered: false }).toArray()
          default:
            return pool.run(call(passSlowly, n).with({ retries: 1 }))
        }
      })
      for (let turns = random(4); turns > 0; turns--) await Promise.resolve()
      abort.abort()
      await Promise.allSettled(calls)
      // At times the workers are idle before the next calls come, at times they are not.
      for (let turns = random(3); turns > 0; turns--) await new Promise(resolve => setImmediate(resolve))
    }
    const last = pool.run(pass, one(round, cannotBeSent)).catch(() => undefined)
    if (random(3) > 0) await Promise.all([last, pool.close()])
    else await last
  }
  console.log('all answered')
})
