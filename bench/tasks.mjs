// The same work as skein tasks.
import { writeFileSync } from 'node:fs'
import { current, task } from '../dist/index.js'
import { median } from './lib/stats.mjs'
import * as work from './work.mjs'

export const echo = task(import.meta, work.echo, { name: 'echo' })
export const fib = task(import.meta, work.fib, { name: 'fib' })
export const squares = task(import.meta, work.squares, { name: 'squares' })
export const primes = task(import.meta, work.primes, { name: 'primes' })
export const whoAmI = task(import.meta, work.whoAmI, { name: 'whoAmI' })
export const hold = task(import.meta, work.hold, { name: 'hold' })
export const compute = task(import.meta, work.compute, { name: 'compute' })
export const mix = task(import.meta, work.mix, { name: 'mix' })
export const lengthOf = task(import.meta, work.lengthOf, { name: 'lengthOf' })

export const increment = task(import.meta, n => n + 1, { name: 'increment' })
export const add = task(import.meta, (a, b) => a + b, { name: 'add' })
export const total = task(import.meta, numbers => numbers.reduce((a, b) => a + b, 0), { name: 'total' })

/** Nanoseconds that one checkpoint adds to a synchronous loop: the same loop with and without, alternating. */
export const checkpointCost = task(import.meta, function checkpointCost({ calls, repeats }) {
  const s = current()
  const bare = []
  const checked = []
  let sink = 0
  for (let r = 0; r < repeats; r++) {
    let from = performance.now()
    for (let i = 0; i < calls; i++) sink = (sink * 31 + i) | 0
    bare.push(performance.now() - from)
    from = performance.now()
    for (let i = 0; i < calls; i++) {
      s.checkpoint()
      sink = (sink * 31 + i) | 0
    }
    checked.push(performance.now() - from)
  }
  return { perCall: ((median(checked) - median(bare)) * 1e6) / calls, perTurn: (median(bare) * 1e6) / calls, sink }
})

/** A synchronous loop that only cancellation can end; the file says that it has begun. */
export const spinWithCheckpoint = task(import.meta, function spinWithCheckpoint(startedFile) {
  const s = current()
  writeFileSync(startedFile, '')
  let sink = 0
  for (;;) {
    for (let i = 0; i < 1000; i++) sink = (sink * 31 + i) | 0
    s.checkpoint()
  }
})

/** The same without a checkpoint: only ending its thread or process can stop it. */
export const spinForever = task(import.meta, function spinForever(startedFile) {
  writeFileSync(startedFile, '')
  for (;;);
})

/** By name, for the harness. */
export const tasks = { echo, fib, squares, primes, whoAmI, hold, compute, mix, lengthOf }
