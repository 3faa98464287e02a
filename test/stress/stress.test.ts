import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../conformance/script.ts'
import type { Report } from './programs/measure.ts'

// Short by default; SKEIN_STRESS=long runs the numbers that a release is measured with.
const long = process.env['SKEIN_STRESS'] === 'long'
const megabyte = 1024 * 1024

async function report(program: string, place: string, count: number, seed = 1): Promise<Report> {
  const path = join(fileURLToPath(new URL('programs', import.meta.url)), program)
  const ending = await runProgram(path, [place, String(count), String(seed)], {
    nodeArgs: ['--expose-gc'],
    limit: long ? 600_000 : 60_000,
  })
  assert.deepEqual([ending.code, ending.signal], [0, null], `${ending.stdout}\n${ending.stderr}`)
  assert.equal(ending.stderr, '', 'no warning of a leak, no stray error')
  return JSON.parse(ending.stdout.trim().split('\n').at(-1) as string) as Report
}

/** Nothing is left of what was done, and the memory did not grow while it was done. */
function isClean({ before, warm, end, after, signalListeners, submitted, endedOnce }: Report): void {
  assert.deepEqual(after.resources, before.resources)
  assert.equal(after.listeners, before.listeners)
  assert.equal(signalListeners, 0)
  assert.equal(after.children, before.children)
  if (before.threads !== undefined) assert.ok((after.threads ?? 0) <= before.threads, `${after.threads} threads`)
  assert.equal(endedOnce, submitted, 'every call has ended exactly once')
  const growth = (end.heap - warm.heap) / megabyte
  assert.ok(growth < 4, `the heap grew by ${growth.toFixed(1)} MB`)
}

const cancelled = long ? 50_000 : 10_000
const crashed = long ? 1_000 : 100
const mixed = long ? 20_000 : 1_000
const mapped = long ? 1_000_000 : 100_000

for (const place of ['loop', 'threads', 'processes']) {
  describe(`${place} under stress`, () => {
    test(`${cancelled} cancelled calls leave nothing behind`, async () => {
      const result = await report('cancelled.js', place, cancelled)
      isClean(result)
      const { withdrawn = 0, cooperative = 0, ...others } = result.outcomes
      assert.deepEqual(others, {})
      assert.equal(withdrawn + cooperative, cancelled)
      assert.ok(withdrawn > 0 && cooperative > 0)
    })

    test(`${mapped} mapped items leave nothing behind`, async () => {
      const result = await report('mapped.js', place, mapped)
      isClean(result)
      assert.deepEqual(result.outcomes, { result: mapped, 'left early': 100 })
    })

    for (const seed of long ? [1, 2, 3, 4, 5] : [1]) {
      test(`${mixed} calls of every kind, with random accidents (seed ${seed}), all end as they should`, async () => {
        const result = await report('mixture.js', place, mixed, seed)
        isClean(result)
        const expected = [
          'right',
          'planned',
          'cancelled',
          'left early',
          'SKEIN_TIMEOUT',
          ...(place === 'loop' ? [] : ['SKEIN_WORKER_CRASHED', 'SKEIN_UNSENDABLE']),
        ]
        const others = Object.keys(result.outcomes).filter(outcome => !expected.includes(outcome))
        assert.deepEqual(others, [])
        assert.equal(
          Object.values(result.outcomes).reduce((a, b) => a + b),
          mixed,
        )
      })
    }

    if (place !== 'loop') {
      test(`${crashed} crashed workers leave nothing behind`, async () => {
        const result = await report('crashed.js', place, crashed)
        isClean(result)
        assert.deepEqual(result.outcomes, { 'exit 3': crashed, right: crashed })
      })
    }
  })
}
