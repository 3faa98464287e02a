import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { repair, sqliteConnection, sqliteStore } from 'skein/stores/sqlite'
import type { SqliteStore } from '#skein/stores/sqlite/sqlite-store.js'
import { call, inFolder, request } from './folder.ts'
import { claimNow } from '../../support/claim-now.ts'

/** Beyond the numbers that JavaScript has, and below those that are given out. */
const numbers = ['9007199254740993', '9223372036854775807', '0', '-5', '-9223372036854775808']

/** Writes into a file that nobody has open. */
function harm(file: string, ...statements: string[]): void {
  const connection = sqliteConnection(file)
  for (const each of statements) connection.exec(each)
  connection.close()
}

async function fileWith(file: string, ids: readonly string[]): Promise<void> {
  const store = await sqliteStore(`sqlite:${file}`)
  await store.broker.send(ids.map(id => call(id, { body: `["${'x'.repeat(5_000)}"]` })))
  await store.close()
}

const numbered = (id: string, number: string): string[] => [
  `UPDATE skein_message SET call = ${number} WHERE call = (SELECT call FROM skein_call WHERE id = '${id}')`,
  `UPDATE skein_call SET call = ${number} WHERE id = '${id}'`,
]

describe('a file with rows that cannot be right', () => {
  inFolder('gives calls whose numbers no statement finds another one: they run, and can be purged', async file => {
    const ids = numbers.map((_, n) => `damaged-${n}`)
    await fileWith(file, ['sound', ...ids])
    harm(file, ...numbers.flatMap((number, n) => numbered(ids[n] as string, number)))
    const store = await sqliteStore(`sqlite:${file}`)
    assert.deepEqual((await store.inspector.list({})).map(each => each.id).sort(), [...ids, 'sound'])
    assert.equal((await store.inspector.find('damaged-0'))?.body.length, 5_004)
    await store.broker.send([call('new')])
    const claims = await claimNow(store, request)
    assert.equal(claims.length, 7)
    await store.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: '1' })))
    assert.equal(await store.inspector.purge({}), 7)
    assert.deepEqual(await store.inspector.list({}), [])
    await store.close()
  })

  inFolder('is repaired with them', async file => {
    await fileWith(file, ['sound', 'high', 'low'])
    harm(file, ...numbered('high', '9007199254740993'), ...numbered('low', '-7'))
    const { calls, unreadable } = await repair(file, `${file}.repaired`)
    assert.deepEqual([calls, unreadable], [3, 0])
    const store = await sqliteStore(`sqlite:${file}.repaired`)
    assert.deepEqual((await claimNow(store, request)).map(each => each.id).sort(), ['high', 'low', 'sound'])
    await store.close()
  })

  inFolder('takes no job from its worker because a lease ends far ahead, and ends that in its time', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('a')])
    const [claim] = await claimNow(store, request)
    harm(file, 'UPDATE skein_lease SET until = until + 1e12')
    const other = await sqliteStore(`sqlite:${file}`)
    assert.equal((await other.inspector.find('a'))?.state, 'running')
    assert.deepEqual(await claimNow(other, request), [])
    const connection = sqliteConnection(file)
    const { left } = connection.prepare('SELECT until - length AS left FROM skein_lease').get() as { left: number }
    assert.ok(left <= Number(process.hrtime.bigint()) / 1e6, `the lease begins at ${left}`)
    connection.close()
    const ending = { id: 'a', token: claim?.token as number, kind: 'done', result: '1' } as const
    assert.deepEqual(await store.broker.settle([ending]), ['ok'])
    await other.close()
    await store.close()
  })

  inFolder('lets no call wait for others where there are none: it is dead, and says why', async file => {
    await fileWith(file, ['astray', 'sound'])
    harm(file, `UPDATE skein_call SET state = -1 WHERE id = 'astray'`)
    const store = (await sqliteStore(`sqlite:${file}`)) as SqliteStore
    await store.sweep()
    const { state, error } = (await store.inspector.find('astray')) ?? {}
    assert.equal(state, 'dead')
    assert.match(error ?? '', /"source":"damaged".*it waits for others, and for none/)
    assert.equal((await store.inspector.find('sound'))?.state, 'ready')
    assert.deepEqual(await store.inspector.retry(['astray']), ['ready'])
    assert.deepEqual((await claimNow(store, request)).map(each => each.id).sort(), ['astray', 'sound'])
    await store.close()
  })
})
