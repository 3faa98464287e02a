import assert from 'node:assert/strict'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../conformance/script.ts'
import type { Report } from './programs/measure.ts'

const megabyte = 1024 * 1024

/**
 * Runs one of the programs and gives what it reports.
 *
 * @param amount how many calls, or for how long: `60s`
 * @param options `limit`: milliseconds after which it counts as hung
 */
export async function report(
  program: string,
  place: string,
  amount: number | string,
  { seed = 1, limit }: { readonly seed?: number; readonly limit: number },
): Promise<Report> {
  const path = join(fileURLToPath(new URL('programs', import.meta.url)), program)
  const ending = await runProgram(path, [place, String(amount), String(seed)], { nodeArgs: ['--expose-gc'], limit })
  assert.deepEqual([ending.code, ending.signal], [0, null], `${ending.stdout}\n${ending.stderr}`)
  assert.equal(ending.stderr, '', 'no warning of a leak, no stray error')
  return JSON.parse(ending.stdout.trim().split('\n').at(-1) as string) as Report
}

/** Nothing is left of what was done, and the memory did not grow while it was done. */
export function isClean({ before, warm, end, after, signalListeners, submitted, endedOnce }: Report): void {
  assert.deepEqual(after.resources, before.resources)
  assert.equal(after.listeners, before.listeners)
  assert.equal(signalListeners, 0)
  assert.equal(after.children, before.children)
  if (before.threads !== undefined) assert.ok((after.threads ?? 0) <= before.threads, `${after.threads} threads`)
  assert.equal(endedOnce, submitted, 'every call has ended exactly once')
  const growth = (end.heap - warm.heap) / megabyte
  assert.ok(growth < 4, `the heap grew by ${growth.toFixed(1)} MB`)
}

/** Every call of the mixture has ended in a way that it may end in. Gives how many there were. */
export function endedAsPlanned({ outcomes }: Report, place: string): number {
  const expected = [
    'right',
    'planned',
    'cancelled',
    'left early',
    'SKEIN_TIMEOUT',
    ...(place === 'loop' ? [] : ['SKEIN_WORKER_CRASHED', 'SKEIN_UNSENDABLE']),
  ]
  const others = Object.keys(outcomes).filter(outcome => !expected.includes(outcome))
  assert.deepEqual(others, [])
  return Object.values(outcomes).reduce((a, b) => a + b, 0)
}
