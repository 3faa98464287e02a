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
    await bed.turn(1_000)
    assert.deepEqual(await ids({ states: ['delayed'] }), [])
    assert.ok((await ids({ states: ['ready'] })).includes('e'))
  })

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
