import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { describeRedis } from '../../support/redis-server.ts'
import { cells, nameOf } from './cells.ts'
import { KillMatrix } from './matrix.ts'

describe('workers and clients that are killed', { skip: process.platform === 'win32' }, () => {
  test('lose no job, write nothing under an old token, and leave no lease', { timeout: 240_000 }, async () => {
    // A short run: each way to die at two places or so. The long one is npm run kill-matrix.
    const seed = 7
    const some = cells.filter(({ how, where }) => how === 'kill' || where === 'random' || where === 'after-effect')
    const report = await new KillMatrix({ kills: 24, seed, only: some.map(nameOf) }).run()
    assert.deepEqual(report.violations, [], `seed ${seed}`)
    assert.ok(report.kills >= 24)
    assert.ok(report.accepted > 0)
  })
})

if (process.platform !== 'win32') {
  describeRedis('workers, clients and a Redis server that are killed', () => {
    test(
      'lose no job, write nothing under an old token, and leave neither a lease nor a message behind',
      { timeout: 240_000 },
      async () => {
        // A short run as well. The long one is npm run kill-matrix -- --store redis.
        const seed = 7
        const some = cells.filter(({ who, how, where }) => who === 'server' || (how === 'kill' && where !== 'mid-run'))
        const report = await new KillMatrix({ kills: 12, seed, only: some.map(nameOf), store: 'redis' }).run()
        assert.deepEqual(report.violations, [], `seed ${seed}`)
        assert.ok(report.kills >= 12)
        assert.ok(report.accepted > 0)
      },
    )
  })
}
