import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPool } from '../contestants/skein.mjs'
import { median } from '../lib/stats.mjs'
import * as tasks from '../tasks.mjs'

/** What a checkpoint costs in a synchronous loop, and how long a loop goes on after its call was cancelled. */
export async function measure({ place, calls, repeats, cancels, graceMs }) {
  const pool = await openPool(place, 1, { grace: graceMs })
  const folder = mkdtempSync(join(tmpdir(), 'skein-bench-'))
  try {
    await pool.run(tasks.checkpointCost, { calls: calls / 10, repeats: 3 })
    const cost = await pool.run(tasks.checkpointCost, { calls, repeats })
    if (place === 'loop') return { perCall: cost.perCall, perTurn: cost.perTurn }
    const cooperative = []
    for (let i = 0; i < cancels; i++) {
      cooperative.push(await cancelLatency(pool, tasks.spinWithCheckpoint, join(folder, `c${i}`)))
    }
    const forced = await cancelLatency(pool, tasks.spinForever, join(folder, 'forever'))
    return {
      perCall: cost.perCall,
      perTurn: cost.perTurn,
      cancelMs: median(cooperative),
      worstCancelMs: Math.max(...cooperative),
      forcedMs: forced - graceMs,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    if (place !== 'loop') await pool.close({ cancel: true })
  }
}

/** Milliseconds from `cancel()` to the end of a call that is inside its loop. The pool must serve the next call. */
async function cancelLatency(pool, task, startedFile) {
  const job = await pool.submit(task, startedFile)
  const ended = job.result().then(
    value => {
      throw new Error(`the cancelled call returned ${value}`)
    },
    error => {
      if (error.code !== 'SKEIN_CANCELLED') throw error
    },
  )
  while (!existsSync(startedFile)) await new Promise(resolve => setTimeout(resolve, 2))
  const from = performance.now()
  job.cancel('bench')
  await ended
  const latency = performance.now() - from
  if ((await pool.run(tasks.echo, 'next')) !== 'next') throw new Error('the pool did not serve the next call')
  return latency
}
