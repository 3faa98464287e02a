import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stress } from './run.ts'

test('threads that are terminated anywhere leave locks, channels and maps of use to the others: for some seconds', async () => {
  const { faults, rounds, terminated } = await stress({ duration: 4_000, seed: 21, threads: 3 })
  assert.deepEqual(faults, [])
  assert.ok(rounds > 50 && terminated > 5, `${rounds} rounds, ${terminated} terminated`)
})
