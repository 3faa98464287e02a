import assert from 'node:assert/strict'
import { claimed, claimedIds, named, oneClaim, outgoing, scene, settled, type Subject } from '../subject.ts'

export function looking(subject: Subject): void {
  scene(subject, 'a job shows all that is known of it', async ({ store }) => {
    assert.equal(store.features.inspect, true)
    await store.send([
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
    const job = await store.job('a')
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
    assert.equal(await store.job('nobody'), undefined)
  })

  scene(subject, 'jobs are listed newest first, filtered, in pages', async ({ store, bed }) => {
    await store.send([
      ...named(['a', 'b'], { tags: ['x'] }),
      ...named(['c'], { queue: 'r', tags: ['x', 'y'] }),
      ...named(['d'], { task: 'u' }),
      ...named(['e'], { delay: 1_000 }),
    ])
    const ids = async (filter: Parameters<typeof store.jobs>[0]) => (await store.jobs(filter)).map(job => job.id)
    await oneClaim(store)
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

  scene(subject, 'the counts of a queue, its age and what nobody can run are told', async ({ store, bed }) => {
    await store.send([
      ...named(['a', 'b', 'c']),
      ...named(['d'], { delay: 60_000 }),
      ...named(['e'], { task: 'unknown' }),
    ])
    const claim = await oneClaim(store)
    await settled(store, claim)
    await oneClaim(store)
    await store.pause('other')
    await store.announce('w', { queues: ['q'], tasks: ['t'], concurrency: 4, place: 'threads' })
    await bed.turn(5_000)
    const stats = await store.stats()
    const queue = stats.queues.find(each => each.queue === 'q')
    assert.deepEqual(
      { ...queue?.counts },
      { delayed: 1, ready: 2, running: 1, done: 1, failed: 0, cancelled: 0, dead: 0 },
    )
    assert.equal(queue?.oldest, 5_000)
    assert.equal(queue?.paused, false)
    assert.equal(stats.queues.find(each => each.queue === 'other')?.paused, true)
    assert.deepEqual({ ...stats.unclaimed }, { unknown: 1 })
    assert.ok(stats.bytes > 0)
    assert.equal(stats.workers.length, 1)
    const [worker] = stats.workers
    assert.deepEqual([worker?.worker, worker?.concurrency, worker?.place, worker?.running], ['w', 4, 'threads', 1])
    assert.deepEqual([worker?.queues, worker?.tasks], [['q'], ['t']])
  })

  scene(
    subject,
    'a worker that says good-bye, or whose store closes, is not there any more',
    async ({ store, bed }) => {
      const record = { queues: ['q'], tasks: ['t'], concurrency: 1, place: 'loop' }
      const other = await bed.open()
      await store.announce('a', record)
      await other.announce('b', record)
      assert.deepEqual((await store.stats()).workers.map(each => each.worker).sort(), ['a', 'b'])
      await store.announce('a', undefined)
      await other.close()
      assert.deepEqual((await store.stats()).workers, [])
    },
  )

  scene(subject, 'purge forgets what matches, but never what runs', async ({ store }) => {
    await store.send([...named(['a', 'b', 'c']), ...named(['d'], { queue: 'r' })])
    const [a, b] = await claimed(store, 2)
    assert.ok(a && b)
    await settled(store, a)
    assert.equal(await store.purge({ states: ['done'] }), 1)
    assert.equal(await store.job('a'), undefined)
    assert.equal(await store.purge({ queue: 'q' }), 1)
    assert.deepEqual(
      (await store.jobs({})).map(job => job.id),
      ['d', 'b'],
    )
    assert.deepEqual(await claimedIds(store), [])
    assert.equal(await settled(store, b), 'ok')
    assert.equal(await store.purge({}), 2)
  })

  scene(subject, 'purge with a limit forgets no more than that', async ({ store }) => {
    await store.send(named(['a', 'b', 'c']))
    assert.equal(await store.purge({ limit: 2 }), 2)
    assert.deepEqual(
      (await store.jobs({})).map(job => job.id),
      ['a'],
    )
  })
}
