import assert from 'node:assert/strict'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { call } from 'skein'
import { connect, contract, work } from 'skein/queue'
import { asking, type RedisServer } from '../../support/redis-server.ts'
import { root } from '../../support/paths.ts'
import { celeryOf, celeryVersions, notTested } from '../../support/services.ts'
import { Victim } from '../../queue/kill/victim.ts'
import { type Fleet, missingFor, startFleet } from './fleet.ts'
import { heard, tasks } from './tasks.ts'

const echo = contract<(n: number) => [args: number[], kwargs: unknown, types: string[]]>('proj.echo')

for (const version of celeryVersions) {
  const missing = await missingFor(celeryOf(version))
  describe(`Celery ${version} and workers of skein on one broker:`, () => {
    let fleet: Fleet
    let text: RedisServer['text']
    const victims: Victim[] = []

    beforeEach(async () => {
      if (missing !== undefined) return
      fleet = await startFleet(celeryOf(version))
      text = asking(fleet.port)
    })
    afterEach(async () => {
      for (const each of victims.splice(0)) {
        each.signal('SIGKILL')
        await each.exit
      }
      await fleet?.stop()
    })

    const group = (number: number, words: string, body: () => Promise<void>): void => {
      test(`group ${number}: ${words}`, t => (missing === undefined ? body() : notTested(t, missing)))
    }
    /** A worker in a program of its own. */
    const start = async (...options: string[]): Promise<Victim> => {
      const modules = join(root, 'build/test/celery/peer/tasks.js')
      const main = join(root, 'dist/cli/main.js')
      const usual = ['--store', fleet.url, '--queues', 'ts', '--on', 'loop', '--lease', '1s', '--json']
      const victim = new Victim([main, 'worker', modules, ...usual, ...options], {})
      victims.push(victim)
      await victim.ready
      return victim
    }
    const running = (count: number): Promise<void> =>
      fleet.until(async () => (await text('HLEN', 'unacked')) === String(count))
    const nothingLeft = async (): Promise<void> => {
      await fleet.until(async () => (await text('EXISTS', 'unacked', 'unacked_index', 'skein:leases', 'ts')) === '0')
    }

    group(9, 'what Python sends with priorities comes in their order, 0 first', async () => {
      heard.length = 0
      const sent = '[ts("tell", n).apply_async(priority=n).id for n in (9, 4, 0, 6, 3)]'
      const ids = (await fleet.python(sent)) as string[]
      const worker = await work({ store: fleet.url, tasks, on: 'loop', concurrency: 1, queues: ['ts'] })
      for (const id of ids) await fleet.python(`get(AsyncResult("${id}"))`)
      await worker.close()
      // 4 belongs to the step of 3, in which it came first.
      assert.deepEqual(heard, [[0], [4], [3], [6], [9]])
    })

    group(9, 'a worker of Python takes from the queues that it was given with -Q, also what we send', async () => {
      await fleet.worker('py@host', '-P', 'solo', '-Q', 'one,two', '--without-gossip', '--without-mingle')
      await using queue = await connect(fleet.url)
      const other = await queue.submit(call(echo, 0).with({ queue: 'three' }))
      assert.deepEqual((await queue.run(call(echo, 1).with({ queue: 'one' })))[0], [1])
      assert.deepEqual((await queue.run(call(echo, 2).with({ queue: 'two' })))[0], [2])
      assert.equal((await other.status()).state, 'ready')
    })

    group(
      10,
      'what a worker of skein held that was killed with kill -9 runs once more, and nothing is left',
      async () => {
        const first = await start()
        const id = (await fleet.python('ts("wait").delay().id')) as string
        await running(1)
        first.signal('SIGKILL')
        await first.exit
        await start()
        await fleet.until(async () => Number(await text('HGET', `skein:call:${id}`, 'deaths')) === 1)
        await running(1)
        await using queue = await connect(fleet.url)
        await queue.cancel(id)
        await fleet.until(async () => (await fleet.python(`AsyncResult("${id}").state`)) === 'REVOKED')
        await nothingLeft()
      },
    )

    group(15, 'a worker of skein that is told to end twice hands back what it has', async () => {
      const worker = await start('--stop-timeout', '1h')
      const id = (await fleet.python('ts("wait").delay().id')) as string
      await running(1)
      worker.signal('SIGTERM')
      await worker.says(/SIGTERM|shutdown|stopp/i, 5_000)
      worker.signal('SIGTERM')
      await worker.exit
      assert.equal(await text('HLEN', 'unacked'), '0')
      assert.equal(await text('LLEN', 'ts'), '1')
      assert.equal(await fleet.python(`AsyncResult("${id}").state`), 'PENDING')
    })
  })
}
