import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import { describe } from 'node:test'
import { task } from 'skein'
import { connect, work } from 'skein/queue'
import { sqliteConnection, sqliteStore } from 'skein/stores/sqlite'
import { call, inFolder, request } from './folder.ts'
import { claimNow } from '../../support/claim-now.ts'

const twice = task(import.meta, (n: number) => n * 2, { name: 'gone.twice' })

const gone = { code: 'SKEIN_STORE_UNAVAILABLE', message: /was deleted or moved .* restart this program/s }
const replaced = { code: 'SKEIN_STORE_UNAVAILABLE', message: /was replaced by another file/ }

function remove(file: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
}

describe('a file that goes away while it is open', () => {
  inFolder('lets nothing be accepted into nothing', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('1')])
    remove(file)
    await assert.rejects(store.broker.send([call('2')]), gone)
    await assert.rejects(claimNow(store, request), gone)
    await assert.rejects(store.inspector.stats(), gone)
    await store.close()
  })

  inFolder('nor into a log that was deleted', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('1')])
    for (const end of ['-wal', '-shm']) rmSync(file + end)
    const lost = { code: 'SKEIN_STORE_UNAVAILABLE', message: /-wal.*was deleted or replaced.*start them again/s }
    await assert.rejects(store.broker.send([call('2')]), lost)
    await store.close()
  })

  inFolder('nor beside a program that has another index of the log, and other locks with it', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    rmSync(`${file}-shm`)
    const lost = { code: 'SKEIN_STORE_UNAVAILABLE', message: /-shm, the index of the log.*start them again/s }
    await assert.rejects(store.broker.send([call('1')]), lost)
    await store.close()
  })

  inFolder('nor into what is not under its path any more', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('1')])
    for (const end of ['', '-wal', '-shm']) renameSync(file + end, `${file}-away${end}`)
    const other = await sqliteStore(`sqlite:${file}`)
    await assert.rejects(store.broker.send([call('2')]), replaced)
    await other.broker.send([call('3')])
    await store.close()
    assert.deepEqual(
      (await other.inspector.list({})).map(({ id }) => id),
      ['3'],
    )
    await other.close()
  })

  inFolder('is seen in the health of a worker', async file => {
    const worker = await work({ store: `sqlite:${file}`, tasks: [twice], on: 'loop' })
    const queue = await connect(`sqlite:${file}`)
    assert.equal(await queue.run(twice, 2), 4)
    remove(file)
    while (worker.health().consuming) await new Promise(resolve => setImmediate(resolve))
    const health = worker.health()
    assert.match(health.reason, /was deleted or moved/)
    await assert.rejects(queue.submit(twice, 1), gone)
    await queue.close({ cancel: true })
    await worker.close({ timeout: 0 })
  })

  inFolder('as is one that another program has brought to a newer version', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('1')])
    const other = sqliteConnection(file)
    other.exec('UPDATE skein_meta SET version = 99')
    const newer = { code: 'SKEIN_STORE_VERSION', message: /jobs\.db was written by a newer skein.*Upgrade/ }
    await assert.rejects(store.broker.send([call('2')]), newer)
    await assert.rejects(claimNow(store, request), newer)
    await assert.rejects(store.inspector.list({}), newer)
    other.exec('UPDATE skein_meta SET version = 1')
    await store.broker.send([call('3')])
    assert.equal((await store.inspector.list({})).length, 2)
    other.close()
    await store.close()
  })
})
