import assert from 'node:assert/strict'
import type { JobFilter } from '../../../stores/roles/inspector.ts'
import { Probe } from '../probe.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

export function looking(kind: Kind): void {
  scene(kind, 'a job shows all that is known of it', ['priority', 'unique', 'limit', 'find'], async ({ probe }) => {
    await probe.send([
      outgoing({
        id: 'a',
        priority: 6,
        delay: 100,
        expires: 200,
        deadline: 300,
        unique: { key: 'u', conflict: 'reject' },
        limit: { key: 'l', concurrency: 1, strategy: 'wait' },
        tags: ['x', 'y'],
      }),
    ])
    const job = await probe.inspector.find('a')
    assert.ok(job)
    const { sentAt, dueAt, expiresAt, deadlineAt, ...rest } = job
    assert.deepEqual([dueAt, expiresAt, deadlineAt], [sentAt + 100, sentAt + 200, sentAt + 300])
    assert.deepEqual(rest, {
      id: 'a',
      queue: 'q',
      task: 't',
      state: 'delayed',
      headers: '{}',
      body: '[[],{},{}]',
      priority: 6,
      attempt: 0,
      deaths: 0,
      tags: ['x', 'y'],
      key: 'u',
      limitKey: 'l',
    })
    assert.equal(await probe.inspector.find('nobody'), undefined)
  })

  scene(kind, 'jobs are listed newest first, filtered, in pages', ['turn', 'list', 'tasks'], async ({ bed, probe }) => {
    await probe.send([
      ...named(['a', 'b'], { tags: ['x'] }),
      ...named(['c'], { queue: 'r', tags: ['x', 'y'] }),
      ...named(['d'], { task: 'u' }),
      ...named(['e'], { delay: 1_000 }),
    ])
    const ids = (filter: JobFilter): Promise<string[]> => probe.listed(filter)
    await probe.oneClaim()
    assert.deepEqual(await ids({}), ['e', 'd', 'c', 'b', 'a'])
    assert.deepEqual(await ids({ queue: 'r' }), ['c'])
    assert.deepEqual(await ids({ task: 'u' }), ['d'])
    assert.deepEqual(await ids({ tag: 'x' }), ['c', 'b', 'a'])
    assert.deepEqual(await ids({ tag: 'x', queue: 'q' }), ['b', 'a'])
    assert.deepEqual(await ids({ states: ['running', 'delayed'] }), ['e', 'a'])
    assert.deepEqual(await ids({ states: ['ready'] }), ['d', 'c', 'b'])
    assert.deepEqual(await ids({ states: [] }), [])
    assert.deepEqual(await ids({ limit: 2 }), ['e', 'd'])
    assert.deepEqual(await ids({ limit: 2, after: 'd' }), ['c', 'b'])
    assert.deepEqual(await ids({ after: 'a' }), [])
    assert.deepEqual(await ids({ after: 'nobody' }), [])
    assert.deepEqual(await ids({ ids: ['b', 'd', 'nobody'] }), ['d', 'b'])
    assert.deepEqual(await ids({ ids: ['b', 'd', 'e'], limit: 1, after: 'e' }), ['d'])
    assert.deepEqual(await ids({ ids: ['a', 'd'], states: ['running'] }), ['a'])
    assert.deepEqual(await ids({ ids: [] }), [])
    await bed.turn(1_000)
    assert.deepEqual(await ids({ states: ['delayed'] }), [])
    assert.ok((await ids({ states: ['ready'] })).includes('e'))
  })

  scene(kind, 'some jobs are forgotten by their ids, and no others', ['purge', 'list'], async ({ probe }) => {
    await probe.send(named(['a', 'b', 'c', 'd']))
    assert.equal(await probe.inspector.purge({ ids: ['b', 'd', 'nobody'] }), 2)
    assert.equal(await probe.inspector.purge({ ids: [] }), 0)
    assert.deepEqual(await probe.listed({}), ['c', 'a'])
  })

  scene(
    kind,
    'what has ended is told, the last first, from a moment on',
    ['turn', 'ended', 'cancel'],
    async ({ bed, probe }) => {
      await probe.send(named(['a', 'b', 'c', 'd']))
      const begun = (await probe.store.results.outcome('a')).sentAt ?? 0
      await probe.settled(await probe.oneClaim())
      await bed.turn(10)
      await probe.inspector.cancel(['d'], '"no"')
      await bed.turn(10)
      await probe.settled(await probe.oneClaim())
      const seen = async (since: number, limit: number): Promise<string[]> =>
        (await probe.inspector.ended({ since, limit })).map(({ id, state }) => `${id} ${state}`)
      assert.deepEqual(await seen(0, 10), ['b done', 'd cancelled', 'a done'])
      assert.deepEqual(await seen(0, 2), ['b done', 'd cancelled'])
      assert.deepEqual(await seen(begun + 10, 10), ['b done', 'd cancelled'])
      assert.deepEqual(await seen(begun + 21, 10), [])
      const [last] = await probe.inspector.ended({ since: 0, limit: 1 })
      const { queue, task, sentAt, startedAt, endedAt } = last ?? {}
      assert.deepEqual([queue, task, sentAt, startedAt, endedAt], ['q', 't', begun, begun + 20, begun + 20])
      for (const limit of [0, 5_001, NaN, 1.5]) {
        await assert.rejects(probe.inspector.ended({ since: 0, limit }), { code: 'SKEIN_INVALID_ARGUMENT' })
      }
      await assert.rejects(probe.inspector.ended({ since: NaN, limit: 1 }), { code: 'SKEIN_INVALID_ARGUMENT' })
    },
  )

  scene(
    kind,
    'the counts of a queue, its age and what nobody can run are told',
    ['turn', 'pause', 'stats', 'registry', 'tasks'],
    async ({ bed, probe }) => {
      await probe.send([
        ...named(['a', 'b', 'c']),
        ...named(['d'], { delay: 60_000 }),
        ...named(['e'], { task: 'unknown' }),
      ])
      const claim = await probe.oneClaim()
      await probe.settled(claim)
      await probe.oneClaim()
      await probe.inspector.pause('other')
      await probe.registry.announce('w', { queues: ['q'], tasks: ['t'], concurrency: 4, place: 'threads' })
      await bed.turn(5_000)
      const stats = await probe.inspector.stats()
      const queue = stats.queues.find(each => each.queue === 'q')
      assert.deepEqual(
        { ...queue?.counts },
        { held: 0, delayed: 1, ready: 2, running: 1, done: 1, failed: 0, cancelled: 0, dead: 0 },
      )
      assert.equal(queue?.oldest, 5_000)
      assert.equal(queue?.paused, false)
      assert.equal(stats.queues.find(each => each.queue === 'other')?.paused, true)
      assert.deepEqual({ ...stats.unclaimed }, { unknown: 1 })
      assert.ok(stats.bytes > 0)
      const workers = await probe.registry.workers()
      assert.equal(workers.length, 1)
      const [worker] = workers
      assert.deepEqual([worker?.worker, worker?.concurrency, worker?.place, worker?.running], ['w', 4, 'threads', 1])
      assert.deepEqual([worker?.queues, worker?.tasks], [['q'], ['t']])
    },
  )

  scene(
    kind,
    'a worker that says good-bye, or whose store closes, is not there any more',
    ['registry'],
    async ({ bed, probe }) => {
      const record = { queues: ['q'], tasks: ['t'], concurrency: 1, place: 'loop' }
      const other = new Probe(await bed.open(), bed)
      await probe.registry.announce('a', record)
      await other.registry.announce('b', record)
      assert.deepEqual((await probe.registry.workers()).map(each => each.worker).sort(), ['a', 'b'])
      await probe.registry.announce('a', undefined)
      await other.store.close()
      assert.deepEqual(await probe.registry.workers(), [])
    },
  )

  scene(kind, 'purge forgets what matches, but never what runs', ['find', 'list', 'purge'], async ({ probe }) => {
    await probe.send([...named(['a', 'b', 'c']), ...named(['d'], { queue: 'r' })])
    const [a, b] = await probe.claimed(2)
    assert.ok(a && b)
    await probe.settled(a)
    assert.equal(await probe.inspector.purge({ states: ['done'] }), 1)
    assert.equal(await probe.inspector.find('a'), undefined)
    assert.equal(await probe.inspector.purge({ queue: 'q' }), 1)
    assert.deepEqual(await probe.listed(), ['d', 'b'])
    assert.deepEqual(await probe.claimedIds(), [])
    assert.equal(await probe.settled(b), 'ok')
    assert.equal(await probe.inspector.purge({}), 2)
  })

  scene(kind, 'purge with a limit forgets no more than that', ['list', 'purge'], async ({ probe }) => {
    await probe.send(named(['a', 'b', 'c']))
    assert.equal(await probe.inspector.purge({ limit: 2 }), 2)
    assert.deepEqual(await probe.listed(), ['a'])
  })
}
