import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from 'skein/queue'
import { redisPlace } from '#skein/stores/redis/url.js'
import { asking, describeRedis, freshRedis } from '../../support/redis-server.ts'
import { redisProgram } from '../../support/services.ts'

/** A Sentinel that watches over one primary, and can be asked. */
async function freshSentinel(primary: number): Promise<{
  readonly port: number
  readonly text: (...command: string[]) => Promise<string>
  readonly stop: () => Promise<void>
}> {
  const found = await redisProgram()
  if (found.missing !== undefined) throw new Error(found.missing)
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as { port: number }
  free.close()
  await once(free, 'close')
  const folder = mkdtempSync(join(tmpdir(), 'skein-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor one 127.0.0.1 ${primary} 1\n`)
  const program = spawn(found.program, [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const die = (): void => void program.kill('SIGKILL')
  process.once('exit', die)
  let said = ''
  await new Promise<void>(resolve => {
    program.stdout.on('data', text => {
      said += String(text)
      if (said.includes('+monitor master one')) resolve()
    })
  })
  // It looks after its servers more often than every ten seconds.
  await asking(port)('SENTINEL', 'DEBUG', 'INFO-PERIOD', '100', 'PING-PERIOD', '100', 'PUBLISH-PERIOD', '500')
  return {
    port,
    text: asking(port),
    stop: async () => {
      program.kill('SIGKILL')
      await once(program, 'exit')
      process.off('exit', die)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Asks until it is so. A server that changes its role cuts its connections. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds().catch(() => false))) await new Promise(setImmediate)
}

describeRedis('a store on Redis that Sentinels know of', () => {
  test('goes on with the new primary when the old one has become a replica', async () => {
    const primary = await freshRedis('--repl-diskless-sync-delay', '0')
    const replica = await freshRedis('--replicaof', `127.0.0.1 ${primary.port}`)
    const sentinel = await freshSentinel(primary.port)
    try {
      // It knows of the replica from the primary.
      await until(async () => (await sentinel.text('INFO', 'sentinel')).includes('slaves=1'))
      const url = `redis://127.0.0.1:1/0?sentinel=one&sentinels=127.0.0.1:${sentinel.port}`
      await using store = await openStore(url)
      const call = { queue: 'q', task: 't', headers: '{}', body: '[[],{},{}]', priority: 0, delay: 0 }
      await store.broker.send([{ ...call, id: 'before' }])
      assert.equal(await primary.text('LLEN', 'q'), '1')
      // Nobody waits for copies, so it is looked for here.
      await until(async () => (await replica.text('LLEN', 'q')) === '1')
      // It takes a moment until it knows enough of the replica, and it may give up a first time.
      await until(async () => {
        const [, port] = (await sentinel.text('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'one')).split('\n')
        if (port === String(replica.port)) return true
        await sentinel.text('SENTINEL', 'FAILOVER', 'one')
        return false
      })
      await until(async () => (await primary.text('INFO', 'replication')).includes('role:slave'))
      assert.deepEqual(await store.broker.send([{ ...call, id: 'after' }]), [{ outcome: 'accepted', id: 'after' }])
      assert.equal(await replica.text('LLEN', 'q'), '2')
      assert.equal((await store.results.outcome('before')).state, 'pending')
    } finally {
      await sentinel.stop()
      await replica.stop()
      await primary.stop()
    }
  })

  test('is named in a URL', () => {
    const { connection, location } = redisPlace(
      'rediss://u:p@one.example/2?sentinel=main&sentinels=two.example,[::1]:7',
    )
    assert.deepEqual(connection.sentinels, [
      { host: 'one.example', port: 26_379 },
      { host: 'two.example', port: 26_379 },
      { host: '::1', port: 7 },
    ])
    assert.deepEqual([connection.name, connection.host, connection.db], ['main', undefined, 2])
    assert.equal(location, 'redis:main@one.example:6379/2/')
    const wrong = [
      'sentinel=',
      'sentinels=a:1',
      'sentinel=a&sentinels=a:0',
      'sentinel=a&sentinels=a:70000',
      'sentinel=a&sentinels=a,,b',
      'sentinel=a&sentinels=a@b',
      'wait_replicas=-1',
      'wait_replicas=x',
      'wait_disk=1',
    ]
    for (const each of wrong)
      assert.throws(() => redisPlace(`redis://h/0?${each}`), { code: 'SKEIN_INVALID_ARGUMENT' }, each)
  })
})
