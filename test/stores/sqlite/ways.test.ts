import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { JobFilter, OutgoingCall } from 'skein/stores'
import { sqliteStore } from 'skein/stores/sqlite'
import { claimNow } from '../../support/claim-now.ts'

function named(id: string, changes: Partial<OutgoingCall> = {}): OutgoingCall {
  return { id, queue: 'q', task: 'rare', headers: '{}', body: '[[],{},{}]', priority: 0, delay: 0, ...changes }
}

test('calls of a rare task are found behind thousands of others, in each state, in pages', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'skein-ways-'))
  const store = await sqliteStore(`sqlite:${join(folder, 'jobs.db')}?durability=relaxed`)
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  const { inspector, broker } = store
  await broker.send(['done-1', 'done-2', 'failed', 'dead', 'running'].map(id => named(id)))
  const claims = await claimNow(store, { worker: 'w', queues: ['q'], tasks: ['rare'], lease: 60_000, limit: 5 })
  const kinds = { 'done-1': 'done', 'done-2': 'done', failed: 'failed', dead: 'dead' } as const
  await broker.settle(
    claims.flatMap(({ id, token }) => {
      const kind = kinds[id as keyof typeof kinds]
      if (kind === undefined) return []
      return [kind === 'done' ? { id, token, kind, result: '1' } : { id, token, kind, error: '{}' }]
    }),
  )
  await broker.send([
    named('keyed', { unique: { key: 'k', conflict: 'reject', for: 3_600_000 } }),
    named('cancelled'),
    named('ready'),
    named('other-queue', { queue: 'r' }),
    named('delayed', { delay: 3_600_000 }),
    named('held', { after: { counter: 'c', members: 1, failure: 'release' } }),
  ])
  await inspector.cancel(['cancelled', 'keyed'], '"no"')
  for (let sent = 0; sent < 10_500; sent += 3_500)
    await broker.send(Array.from({ length: 3_500 }, (_, at) => named(`many-${sent + at}`, { task: 'many' })))
  const ids = async (filter: JobFilter): Promise<string[]> => (await inspector.list(filter)).map(({ id }) => id)
  const rare = { task: 'rare' } as const
  assert.deepEqual(await ids({ ...rare, states: ['done'] }), ['done-2', 'done-1'])
  assert.deepEqual(await ids({ ...rare, states: ['failed'] }), ['failed'])
  assert.deepEqual(await ids({ ...rare, states: ['dead', 'failed'] }), ['dead', 'failed'])
  assert.deepEqual(await ids({ ...rare, states: ['running', 'done'] }), ['running', 'done-2', 'done-1'])
  assert.deepEqual(await ids({ ...rare, states: ['cancelled'] }), ['cancelled', 'keyed'])
  assert.deepEqual(await ids({ ...rare, states: ['ready'] }), ['other-queue', 'ready'])
  assert.deepEqual(await ids({ ...rare, queue: 'r', states: ['ready', 'delayed'] }), ['other-queue'])
  assert.deepEqual(await ids({ ...rare, states: ['delayed', 'held'] }), ['held', 'delayed'])
  assert.equal((await ids(rare)).length, 11)
  assert.deepEqual(await ids({ ...rare, states: ['done'], limit: 1 }), ['done-2'])
  assert.deepEqual(await ids({ ...rare, states: ['done'], limit: 1, after: 'done-2' }), ['done-1'])
  assert.deepEqual(await ids({ ...rare, states: ['done'], after: 'done-1' }), [])
  assert.deepEqual((await ids({ task: 'many', states: ['ready'], limit: 10_200 })).length, 10_200)
  // Some near, the rest far.
  await broker.send([named('newest')])
  assert.deepEqual(await ids({ ...rare, states: ['ready'] }), ['newest', 'other-queue', 'ready'])
})
