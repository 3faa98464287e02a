import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runBlocked } from './blocked.ts'

test('a job that blocks the event loop for four leases is not run a second time', { timeout: 120_000 }, async () => {
  const { othersDone, ...report } = await runBlocked(1_000, 4_000)
  assert.deepEqual(report, { begun: 1, ended: 1, attempt: 1, deaths: 0, recovered: 0, state: 'done' })
  assert.ok(othersDone > 3, 'the other worker took jobs meanwhile')
})
