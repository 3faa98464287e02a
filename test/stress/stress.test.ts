import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { endedAsPlanned, isClean, report } from './report.ts'

// Short by default; SKEIN_STRESS=long runs the numbers that a release is measured with.
const long = process.env['SKEIN_STRESS'] === 'long'

const cancelled = long ? 50_000 : 10_000
const crashed = long ? 1_000 : 100
const mixed = long ? 20_000 : 1_000
const mapped = long ? 1_000_000 : 100_000
const limit = long ? 600_000 : 60_000

for (const place of ['loop', 'threads', 'processes']) {
  describe(`${place} under stress`, () => {
    test(`${cancelled} cancelled calls leave nothing behind`, async () => {
      const result = await report('cancelled.js', place, cancelled, { limit })
      isClean(result)
      const { withdrawn = 0, cooperative = 0, ...others } = result.outcomes
      assert.deepEqual(others, {})
      assert.equal(withdrawn + cooperative, cancelled)
      assert.ok(withdrawn > 0 && cooperative > 0)
    })

    test(`${mapped} mapped items leave nothing behind`, async () => {
      const result = await report('mapped.js', place, mapped, { limit })
      isClean(result)
      assert.deepEqual(result.outcomes, { result: mapped, 'left early': 100 })
    })

    for (const seed of long ? [1, 2, 3, 4, 5] : [1]) {
      test(`${mixed} calls of every kind, with random accidents (seed ${seed}), all end as they should`, async () => {
        const result = await report('mixture.js', place, mixed, { limit, seed })
        isClean(result)
        assert.equal(endedAsPlanned(result, place), mixed)
      })
    }

    if (place !== 'loop') {
      // npm run stress goes on for ten minutes, with a seed of its own.
      test('half a minute of calls of every kind and size, with random accidents, all end as they should', async () => {
        const result = await report('mixture.js', place, '30s', { limit: 120_000, seed: 30 })
        isClean(result)
        assert.ok(endedAsPlanned(result, place) > 0)
      })

      test(`${crashed} crashed workers leave nothing behind`, async () => {
        const result = await report('crashed.js', place, crashed, { limit })
        isClean(result)
        assert.deepEqual(result.outcomes, { 'exit 3': crashed, right: crashed })
      })
    }
  })
}
