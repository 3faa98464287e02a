import { appendFileSync } from 'node:fs'
import { current, task } from 'skein'
import { thisJob } from 'skein/queue'

/** Computes, and lets nothing else happen in its thread meanwhile: no timer, no message, no renewal. */
export const block = task(import.meta, async function block(log: string, milliseconds: number) {
  const { token } = await thisJob(current())
  appendFileSync(log, `begin ${process.pid} ${token}\n`)
  const end = performance.now() + milliseconds
  let sum = 0
  while (performance.now() < end) for (let i = 0; i < 100_000; i++) sum += Math.sqrt(i)
  appendFileSync(log, `end ${process.pid} ${token}\n`)
  return sum > 0
})

export const echo = task(import.meta, (n: number) => n, { name: 'blocked.echo' })
