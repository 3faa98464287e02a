import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { call, current, task } from 'skein'
import { connect, queueIn, type ScheduleOptions, work } from 'skein/queue'
import { memoryStore } from 'skein/stores/memory'
import { together } from 'skein/stores'
import { type TestQueue, testQueue, type VirtualClock, virtualClock } from 'skein/testing'

/** Answers with what it is given. */
const echo = task(import.meta, (value: string) => value, { name: 'echo' })

/** Takes so long, in milliseconds. */
const long = task(import.meta, async (length: number) => current().sleep(length), { name: 'long' })

const hour = 3_600_000
const begin = Date.UTC(2000, 0, 1)

/** On a clock that begins with the year 2000. */
async function inVirtualTime(body: (clock: VirtualClock) => Promise<void>): Promise<void> {
  const clock = virtualClock({ start: begin })
  try {
    await body(clock)
  } finally {
    clock.restore()
  }
}

const open = (): Promise<TestQueue> => testQueue({ tasks: [echo, long] })

/** The times of the jobs of a schedule, in hours from the beginning, and how they are. */
async function jobsOf({ queue }: Pick<TestQueue, 'queue'>, name = 's'): Promise<string[]> {
  const jobs = await queue.jobs({ limit: 1_000 })
  return jobs
    .filter(({ id }) => id.startsWith(`${name}@`))
    .map(({ id, state }) => `${(Date.parse(id.slice(name.length + 1)) - begin) / hour} ${state}`)
    .reverse()
}

describe('a schedule', () => {
  test('submits a job at each of its terms, under an id that says which', async () => {
    await using bench = await open()
    const { queue, clock } = bench
    const schedule = await queue.schedule(
      's',
      { every: '1h' },
      call(echo, 'a').with({ queue: 'other', priority: 3, tags: ['x'] }),
    )
    assert.deepEqual(await queue.jobs(), [])
    await clock.advance('2.5h')
    assert.deepEqual(await jobsOf(bench), ['1 ready', '2 ready'])
    const [job] = await queue.jobs({ queue: 'other', tag: 'x' })
    assert.equal(job?.id, 's@2000-01-01T02:00:00.000Z')
    assert.equal(job.priority, 3)
    assert.deepEqual(job.args, ['a'])
    const { next, count, runs, ...status } = await schedule.status()
    assert.deepEqual([next, count], [new Date(begin + 3 * hour), 2])
    assert.deepEqual(runs[0], { id: job.id, term: begin + 2 * hour, at: begin + 2 * hour, outcome: 'submitted' })
    assert.equal(status.state, 'active')
    assert.deepEqual(await queue.schedules(), [{ ...status, next, count, runs }])
  })

  test('stays as it is, whatever is done with the status that it has returned', async () => {
    await using bench = await open()
    const schedule = await bench.queue.schedule('s', { every: '1h' }, call(echo, 'a'))
    const { rule } = await schedule.status()
    Object.assign(rule ?? assert.fail(), { every: 5 * hour })
    assert.deepEqual((await schedule.status()).rule, { every: hour })
    await bench.clock.advance('1h')
    assert.deepEqual(await jobsOf(bench), ['1 ready'])
    assert.deepEqual((await schedule.status()).next, new Date(begin + 2 * hour))
  })

  test('has jobs that run as any other', async () => {
    await using bench = await open()
    await bench.queue.schedule(
      's',
      { every: '1h' },
      call(echo, 'a').with({ retries: 2, expires: '10m', timeout: '1m' }),
    )
    await bench.clock.advance('1h')
    await bench.drain()
    const job = await bench.queue.job('s@2000-01-01T01:00:00.000Z')
    assert.equal(await job?.result(), 'a')
    // One that starts too late expires, counted from its term.
    await bench.clock.advance('1h')
    await bench.clock.advance('11m')
    assert.deepEqual(await jobsOf(bench), ['1 done', '2 cancelled'])
  })

  test('has jobs that others follow, each its own', async () => {
    await using bench = await open()
    await bench.queue.schedule('s', { every: '1h' }, call(long, 0).with({ onDone: call(echo, 'x') }))
    await bench.clock.advance('2h')
    await bench.drain()
    const jobs = await bench.queue.jobs()
    assert.deepEqual(jobs.map(({ task, state }) => `${task.replace(/.*\./, '')} ${state}`).sort(), [
      'echo done',
      'echo done',
      'long done',
      'long done',
    ])
  })

  test('is over after so many times, and after its last moment', async () => {
    await using bench = await open()
    const { queue, clock } = bench
    const twice = await queue.schedule('s', { every: '1h' }, call(echo, 'a'), { times: 2 })
    const until = await queue.schedule('t', { cron: '0 * * * *' }, call(echo, 'b'), { until: begin + 3 * hour })
    const onceOnly = await queue.schedule('u', { at: new Date(begin + 2 * hour) }, call(echo, 'c'))
    await clock.advance('10h')
    assert.deepEqual(await jobsOf(bench), ['1 ready', '2 ready'])
    assert.deepEqual(await jobsOf(bench, 't'), ['1 ready', '2 ready', '3 ready'])
    assert.deepEqual(await jobsOf(bench, 'u'), ['2 ready'])
    for (const each of [twice, until, onceOnly]) {
      const { state, next } = await each.status()
      assert.deepEqual([state, next, await each.next()], ['over', undefined, []])
    }
    assert.equal(clock.waiting, 0, 'nothing waits for what is over')
  })

  test('says when it comes due next', async () => {
    await using bench = await open()
    const schedule = await bench.queue.schedule('s', { cron: '0 9 * * *', timeZone: 'Asia/Kolkata' }, call(echo, 'a'), {
      times: 3,
    })
    const days = [1, 2, 3].map(day => new Date(Date.UTC(2000, 0, day, 3, 30)))
    assert.deepEqual(await schedule.next(), days)
    assert.deepEqual(await schedule.next(1), days.slice(0, 1))
    for (const count of [0, 1.5, NaN, 1_001])
      await assert.rejects(schedule.next(count), { code: 'SKEIN_INVALID_ARGUMENT' })
  })

  test('that is paused leaves out what passes meanwhile', async () => {
    await using bench = await open()
    const { queue, clock } = bench
    const schedule = await queue.schedule('s', { every: '1h' }, call(echo, 'a'), { catchUp: 'all' })
    await clock.advance('1h')
    await schedule.pause()
    await schedule.pause()
    assert.equal((await schedule.status()).state, 'paused')
    await clock.advance('3h')
    assert.deepEqual((await schedule.next(1))[0], new Date(begin + 5 * hour))
    await schedule.resume()
    await schedule.resume()
    await clock.advance('1h')
    assert.deepEqual(await jobsOf(bench), ['1 ready', '5 ready'])
  })

  test('runs by hand at once, and at its terms all the same', async () => {
    await using bench = await open()
    const schedule = await bench.queue.schedule('s', { every: '1h' }, call(echo, 'a'), { times: 1 })
    await schedule.pause()
    const job = await schedule.run()
    assert.match(job.id, /^s@run-/)
    await schedule.resume()
    await bench.clock.advance('2h')
    await bench.drain()
    assert.equal(await job.result(), 'a')
    const { runs, count } = await schedule.status()
    assert.deepEqual([runs.map(({ term }) => term), count], [[begin + hour, undefined], 1])
    assert.equal(runs[1]?.id, job.id)
  })

  test('is found by its name, and gone once it is removed', async () => {
    await using bench = await open()
    const { queue, clock } = bench
    assert.equal(await queue.schedule('s'), undefined)
    await queue.schedule('s', { every: '1h' }, call(echo, 'a'))
    const found = await queue.schedule('s')
    assert.ok(found)
    await clock.advance('1h')
    await found.remove()
    await clock.advance('5h')
    assert.deepEqual(await jobsOf(bench), ['1 ready'])
    for (const act of ['status', 'pause', 'resume', 'run', 'remove', 'next'] as const) {
      await assert.rejects(found[act](), { code: 'SKEIN_SCHEDULE_GONE' }, act)
    }
  })

  test('that is made again goes on where its rule is the same, and begins anew where it is not', async () => {
    await using bench = await open()
    const { queue, clock } = bench
    const schedule = await queue.schedule('s', { every: '2h' }, call(echo, 'a'))
    await clock.advance('3h')
    await queue.schedule('s', { every: '2h' }, call(echo, 'b'), { overlap: 'skip' })
    const { next, count, overlap, args } = await schedule.status()
    assert.deepEqual([next, count, overlap, args], [new Date(begin + 4 * hour), 1, 'skip', ['b']])
    await schedule.pause()
    await queue.schedule('s', { every: '5h' }, call(echo, 'b'))
    assert.equal((await schedule.status()).state, 'paused')
    await schedule.resume()
    assert.deepEqual((await schedule.status()).next, new Date(begin + 8 * hour))
    await clock.advance('10h')
    assert.deepEqual(await jobsOf(bench), ['2 ready', '8 ready', '13 ready'])
  })

  test('that is over and made again as it was stays over', async () => {
    await using bench = await open()
    const { queue, clock } = bench
    const rule = { at: begin + hour } as const
    await queue.schedule('s', rule, call(echo, 'a'))
    await clock.advance('2h')
    const schedule = await queue.schedule('s', rule, call(echo, 'a'))
    assert.equal((await schedule.status()).state, 'over')
    await clock.advance('2h')
    assert.deepEqual(await jobsOf(bench), ['1 ready'])
  })
})

describe('where the job before has not ended', () => {
  const overlapping = async (options: ScheduleOptions): Promise<TestQueue> => {
    const bench = await open()
    await bench.queue.schedule('s', { every: '1h' }, call(long, 2.5 * hour), { times: 4, ...options })
    await bench.waitFor(await firstJob(bench), 'running')
    return bench
  }
  const firstJob = async (bench: TestQueue): Promise<string> => {
    await bench.clock.advance('1h')
    return 's@2000-01-01T01:00:00.000Z'
  }

  test('its term submits another one beside it', async () => {
    await using bench = await overlapping({ overlap: 'allow' })
    await bench.clock.advance('1.5h')
    await bench.waitFor('s@2000-01-01T02:00:00.000Z', 'running')
    assert.deepEqual((await jobsOf(bench)).slice(0, 2), ['1 running', '2 running'])
  })

  test('its term is left out, and that is noted', async () => {
    await using bench = await overlapping({ overlap: 'skip' })
    await bench.clock.advance('2h')
    assert.deepEqual(await jobsOf(bench), ['1 running'])
    const schedule = await bench.queue.schedule('s')
    const { runs, count } = (await schedule?.status()) ?? assert.fail()
    assert.deepEqual([runs.map(({ outcome }) => outcome), count], [['skipped', 'skipped', 'submitted'], 1])
    await bench.drain()
    assert.deepEqual(await jobsOf(bench), ['1 done'])
    await bench.clock.advance('1h')
    assert.equal((await jobsOf(bench)).length, 2)
  })

  test('its term submits a job that is held until that one has ended', async () => {
    await using bench = await overlapping({ overlap: 'queue' })
    await bench.clock.advance('2h')
    assert.deepEqual(await jobsOf(bench), ['1 running', '2 held', '3 held'])
    await bench.waitFor('s@2000-01-01T02:00:00.000Z', 'running')
    assert.deepEqual((await jobsOf(bench)).slice(0, 3), ['1 done', '2 running', '3 held'])
    await bench.clock.advance('2h')
    await bench.drain()
    assert.deepEqual(await jobsOf(bench), ['1 done', '2 done', '3 done', '4 done'])
    const jobs = (await bench.queue.jobs()).reverse()
    for (const [at, { startedAt }] of jobs.entries()) {
      if (at > 0) assert.ok((startedAt as number) >= (jobs[at - 1]?.endedAt as number))
    }
  })

  test('its term cancels that one, and submits a job that starts once it has stopped', async () => {
    await using bench = await overlapping({ overlap: 'cancel' })
    await bench.clock.advance('1h')
    await bench.waitFor('s@2000-01-01T02:00:00.000Z', 'running')
    assert.deepEqual(await jobsOf(bench), ['1 cancelled', '2 running'])
    const first = await bench.queue.job('s@2000-01-01T01:00:00.000Z')
    await assert.rejects(first?.result() as Promise<unknown>, {
      code: 'SKEIN_CANCELLED',
      reason: 'replaced by s@2000-01-01T02:00:00.000Z',
    })
  })

  test('a job that the store does not take is noted as rejected', async () => {
    await using bench = await open()
    const dropped = call(long, 5 * hour).with({ limit: { key: 'k', concurrency: 1, strategy: 'drop' } })
    const schedule = await bench.queue.schedule('s', { every: '1h' }, dropped)
    const joined = call(echo, 'a').with({ unique: 'u' })
    const other = await bench.queue.schedule('t', { every: '1h' }, joined)
    await bench.clock.advance('2h')
    assert.deepEqual(
      (await schedule.status()).runs.map(({ outcome }) => outcome),
      ['rejected', 'submitted'],
    )
    assert.deepEqual(
      (await other.status()).runs.map(({ id }) => id),
      ['t@2000-01-01T01:00:00.000Z', 't@2000-01-01T01:00:00.000Z'],
    )
  })
})

describe('terms that pass while no worker runs', () => {
  for (const [catchUp, expected] of [
    ['last', ['3 ready', '4 ready']],
    ['all', ['1 ready', '2 ready', '3 ready', '4 ready']],
    ['none', ['4 ready']],
  ] as const) {
    test(`are made up for as catchUp: '${catchUp}' says`, () =>
      inVirtualTime(async clock => {
        await using store = memoryStore()
        await using queue = queueIn(store)
        await queue.schedule('s', { every: '1h' }, call(echo, 'a').with({ queue: 'other' }), { catchUp })
        await clock.advance('3.5h')
        await using _ = await work({ store, tasks: [echo], on: 'loop' })
        await clock.advance('0.5h')
        assert.deepEqual(await jobsOf({ queue }), expected)
      }))
  }
})

describe('schedules that a program declares', () => {
  const declared = [
    { name: 'one', rule: { every: '1h' }, call: call(echo, 'a'), overlap: 'skip' },
    { name: 'two', rule: { cron: '0 0 * * *' }, call: call(echo, 'b') },
  ] as const

  test('are made when its worker starts, and changed when another version of it starts', async () => {
    const store = memoryStore()
    await using queue = queueIn(store)
    const first = await work({ store, tasks: [echo], on: 'loop', schedules: declared })
    const all = await queue.schedules()
    assert.deepEqual(
      all.map(({ name, declared: is, args }) => [name, is, args]),
      [
        ['one', true, ['a']],
        ['two', true, ['b']],
      ],
    )
    await first.close()
    const second = await work({
      store,
      tasks: [echo],
      on: 'loop',
      schedules: [{ ...declared[0], call: call(echo, 'c') }, declared[1]],
    })
    const again = await queue.schedules()
    assert.deepEqual(again, [{ ...all[0], args: ['c'] }, all[1]])
    await second.close()
    await store.close()
  })

  test('stay when they are not declared any more, and a warning names them', async () => {
    const store = memoryStore()
    await using queue = queueIn(store)
    await (await work({ store, tasks: [echo, long], on: 'loop', schedules: declared })).close()
    await (await work({ store, tasks: [echo], on: 'loop' })).close()
    await (await work({ store, tasks: [long], on: 'loop', schedules: [] })).close()
    await queue.schedule('dynamic', { every: '1h' }, call(echo, 'a'))
    const warned = once(process, 'warning') as Promise<[Error]>
    await (await work({ store, tasks: [echo], on: 'loop', schedules: [declared[1]] })).close()
    const [warning] = await warned
    assert.equal(warning.name, 'SkeinScheduleWarning')
    assert.match(
      warning.message,
      /^Schedule one of this program is not declared any more, .* skein schedules remove one$/,
    )
    assert.equal((await queue.schedules()).length, 3)
    await store.close()
  })

  test('are refused where one is wrong, and nothing is written', async () => {
    const store = memoryStore()
    await using queue = queueIn(store)
    const [one] = declared
    const wrong: readonly unknown[] = [
      { ...one, rule: { cron: 'x' } },
      { ...one, name: '' },
      { ...one, call: echo },
      { ...one, overlaps: 'skip' },
      declared[1],
      null,
      { ...one, call: call(echo, Symbol('no') as never) },
    ]
    for (const each of wrong) {
      const schedules = [declared[1], each] as never
      await assert.rejects(work({ store, tasks: [echo], on: 'loop', schedules }), /./, JSON.stringify(each))
    }
    await assert.rejects(work({ store, tasks: [echo], on: 'loop', schedules: {} as never }), {
      code: 'SKEIN_INVALID_ARGUMENT',
    })
    assert.deepEqual(await queue.schedules(), [])
    await store.close()
  })
})

describe('a store', () => {
  test('without schedules refuses them', async () => {
    const { schedules: _, ...rest } = memoryStore()
    const store = {
      ...rest,
      broker: rest.broker,
      results: rest.results,
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }
    await using queue = queueIn(store)
    const unsupported = { code: 'SKEIN_STORE_UNSUPPORTED', message: /cannot keep schedules/ }
    await assert.rejects(queue.schedule('s', { every: '1h' }, call(echo, 'a')), unsupported)
    await assert.rejects(queue.schedules(), unsupported)
    await assert.rejects(work({ store, tasks: [echo], on: 'loop', schedules: [] }), unsupported)
  })

  test('with its results in another one keeps them where its calls are', () =>
    inVirtualTime(async clock => {
      await using store = together(memoryStore(), memoryStore())
      await using queue = queueIn(store)
      await queue.schedule('s', { every: '1h' }, call(long, 90 * 60_000), { overlap: 'skip' })
      const worker = await work({ store, tasks: [long], on: 'loop' })
      await clock.advance('3.5h')
      assert.deepEqual(await jobsOf({ queue }), ['1 done', '3 running'])
      await worker.close({ timeout: 0 })
    }))

  test('with a schedule that cannot be read says so once, and goes on with the others', async () => {
    await using bench = await open()
    const { schedules } = bench.store
    const newer = { definition: '{"format":2}', progress: '{}', dueAt: begin + hour }
    const damaged = { definition: 'x', progress: '{}', dueAt: begin + hour }
    await schedules.change([
      { name: 'newer', version: 0, to: newer },
      { name: 'damaged', version: 0, to: damaged },
    ])
    await bench.queue.schedule('s', { every: '1h' }, call(echo, 'a'))
    await bench.clock.advance('2h')
    assert.deepEqual(await jobsOf(bench), ['1 ready', '2 ready'])
    const states = (await bench.queue.schedules()).map(({ name, state, error }) => [name, state, error?.message])
    assert.deepEqual(states.slice(2), [['s', 'active', undefined]])
    assert.match(String(states[0]), /^damaged,unreadable,.*is damaged/)
    assert.match(String(states[1]), /^newer,unreadable,.*was written by a newer skein/)
    // What is damaged is made anew; what is newer is left alone.
    await bench.queue.schedule('damaged', { every: '1h' }, call(echo, 'a'))
    await assert.rejects(bench.queue.schedule('newer', { every: '1h' }, call(echo, 'a')), {
      code: 'SKEIN_SCHEDULE_RULE',
    })
    assert.deepEqual((await schedules.find('newer'))?.definition, newer.definition)
    await bench.clock.advance('1h')
    assert.deepEqual(await jobsOf(bench, 'damaged'), ['3 ready'])
  })

  test('with schedules that make no sense lets each of them rest, and goes on with the others', async () => {
    await using bench = await open()
    const { schedules } = bench.store
    await bench.queue.schedule('model', { every: '1h' }, call(echo, 'a'), { overlap: 'skip' })
    const model = await schedules.find('model')
    const definition = JSON.parse(model?.definition ?? '') as { call: object }
    const progress = JSON.parse(model?.progress ?? '') as object
    const wrong: Record<string, readonly [definition: object, progress: object]> = {
      'as-priority': [{ ...definition, call: { ...definition.call, priority: 99 } }, progress],
      'as-limit': [{ ...definition, catchUpLimit: 1e9 }, progress],
      'as-begin': [{ ...definition, from: 'x' }, progress],
      'as-term': [definition, { ...progress, term: 1e300 }],
      'as-latest': [definition, { ...progress, latest: 5 }],
      'as-runs': [definition, { ...progress, runs: [null] }],
    }
    for (const [name, [told, come]] of Object.entries(wrong)) {
      const to = { definition: JSON.stringify(told), progress: JSON.stringify(come), dueAt: begin + hour }
      await schedules.change([{ name, version: 0, to }])
    }
    await bench.clock.advance('2h')
    assert.deepEqual(await jobsOf(bench, 'model'), ['1 ready'])
    assert.equal((await bench.queue.jobs()).length, 1)
    const states = (await bench.queue.schedules()).map(({ name, state }) => `${name} ${state}`)
    assert.deepEqual(states, [
      'as-begin unreadable',
      'as-latest unreadable',
      'as-limit unreadable',
      'as-priority active',
      'as-runs unreadable',
      'as-term unreadable',
      'model active',
    ])
  })

  test('takes the jobs of many schedules that were missed in several commits', () =>
    inVirtualTime(async clock => {
      const store = memoryStore()
      const queue = queueIn(store)
      const names = ['a', 'b', 'c', 'd']
      for (const name of names)
        await queue.schedule(name, { every: '1s' }, call(echo, 'x'), { catchUp: 'all', catchUpLimit: 600 })
      await clock.advance('1h')
      const sizes: number[] = []
      const { change } = store.schedules
      store.schedules.change = async changes => {
        sizes.push(changes.reduce((sum, { terms = [] }) => sum + terms.length, 0))
        return change.call(store.schedules, changes)
      }
      const worker = await work({ store, tasks: [long], on: 'loop' })
      await clock.advance(0)
      const counts = (await queue.schedules()).map(({ count }) => count)
      assert.deepEqual([counts, sizes], [names.map(() => 600), [1_200, 1_200]])
      await worker.close({ timeout: 0 })
      await queue.close()
      await store.close()
    }))

  test('that is a URL is opened and closed as ever', async () => {
    await using queue = await connect('memory:schedules by url')
    await queue.schedule('s', { every: '1h' }, call(echo, 'a'))
    const worker = await work({ store: 'memory:schedules by url', tasks: [echo], on: 'loop' })
    await worker.close()
    assert.equal((await queue.schedules()).length, 1)
  })
})
