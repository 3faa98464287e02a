import { move, put, task } from '../../dist/index.js'
import { openPool } from '../contestants/skein.mjs'
import { median } from '../lib/stats.mjs'

/** Looks at both ends, so that the memory is really there. */
export const ends = task(import.meta, function ends(bytes) {
  return bytes[0] + bytes[bytes.length - 1]
})
export const copyBack = task(import.meta, function copyBack(bytes) {
  return bytes
})
export const giveBack = task(import.meta, function giveBack(bytes) {
  return move(bytes)
})

/**
 * What a call with so many bytes costs when they are cloned (there, or there and back), moved there and back, shared, or put
 * before: median milliseconds, and CPU time of the whole process. The ways take turns.
 */
export async function measure({ bytes: size, clones, calls }) {
  const pool = await openPool('threads', 1, { spin: 0.2 })
  const cloned = new Uint8Array(size).fill(1)
  const shared = new Uint8Array(new SharedArrayBuffer(size)).fill(1)
  const handle = put(cloned)
  let moved = new Uint8Array(size).fill(1)
  const ways = {
    clone: { count: clones, run: async () => check(await pool.run(ends, cloned)) },
    cloneBack: {
      count: clones,
      run: async () => {
        const back = await pool.run(copyBack, cloned)
        check(back[0] + back[size - 1])
      },
    },
    move: {
      count: calls,
      run: async () => {
        moved = await pool.run(giveBack, move(moved))
        check(moved[0] + moved[size - 1])
      },
    },
    share: { count: calls, run: async () => check(await pool.run(ends, shared)) },
    put: { count: calls, run: async () => check(await pool.run(ends, handle)) },
    empty: { count: calls, run: async () => check(await pool.run(ends, [1, 1])) },
  }
  try {
    const wall = {}
    const cpu = {}
    for (const [way, { count, run }] of Object.entries(ways)) {
      for (let i = 0; i < (count === clones ? 2 : count * 3); i++) await run()
      wall[way] = []
      cpu[way] = []
    }
    for (let turn = 0; turn < 5; turn++) {
      for (const [way, { count, run }] of Object.entries(ways)) {
        const from = process.cpuUsage()
        for (let i = 0; i < count; i++) {
          const begun = performance.now()
          await run()
          wall[way].push(performance.now() - begun)
        }
        const { user, system } = process.cpuUsage(from)
        cpu[way].push((user + system) / 1000 / count)
      }
    }
    const metrics = {}
    for (const way of Object.keys(ways)) {
      metrics[`${way}Ms`] = median(wall[way])
      metrics[`${way}Cpu`] = median(cpu[way])
    }
    // Each way beside the clone that does the same.
    for (const [way, other] of [
      ['move', 'cloneBack'],
      ['share', 'clone'],
      ['put', 'clone'],
    ]) {
      metrics[`${way}Times`] = metrics[`${other}Ms`] / metrics[`${way}Ms`]
      metrics[`${way}CpuTimes`] = metrics[`${other}Cpu`] / metrics[`${way}Cpu`]
    }
    return metrics
  } finally {
    await handle.close()
    await pool.close()
  }
}

function check(sum) {
  if (sum !== 2) throw new Error(`the bytes that arrived were not those that were sent: ${sum}`)
}
