import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Gauge, Registry } from 'prom-client'
import { call, InvalidArgumentError, loop } from 'skein'
import { metrics, type MetricSource } from 'skein/observe'
import { processes } from 'skein/processes'
import { connect, work } from 'skein/queue'
import { threads } from 'skein/threads'
import { inVirtualTime } from '../../core/virtual-time.ts'
import { fakePlace } from '../fake-place.ts'
import { die, double, fail, untilCancelled } from '../tasks.ts'
import { readPage } from './read-page.ts'

describe('the metrics of calls', () => {
  test('count what became of them, each attempt and each retry, task by task', async () => {
    const place = fakePlace({ name: 'shop' })
    using page = metrics([place], { buckets: [0.01, 0.1] })
    place.tell({ type: 'submitted', task: 'a' })
    place.tell({ type: 'started', queued: 0, started: 5 })
    place.tell({ type: 'retried', started: 5, ended: 55, again: 60 })
    place.tell({ type: 'started', queued: 60, started: 80 })
    place.tell({ type: 'ended', outcome: 'done', submitted: 0, started: 80, ended: 580, items: 10, failures: 3 })
    place.tell({ type: 'released', started: 1, ended: 2 })
    place.tell({ type: 'lost', started: 1, ended: 2 })
    place.tell({ type: 'ended', task: 'b', outcome: 'cancelled', ended: 7 })
    place.tell({ type: 'trouble', task: 'never seen' })
    place.tell({ type: 'progress', task: 'never seen' })
    const samples = readPage(await page.text())
    const of = (name: string, more = ''): number | undefined => samples.get(`${name}{place="shop",task="a"${more}}`)
    assert.equal(of('skein_calls_submitted_total'), 1)
    assert.deepEqual(
      ['done', 'failed', 'cancelled', 'dead'].map(each => of('skein_calls_total', `,outcome="${each}"`)),
      [7, 3, 0, 0],
    )
    assert.equal(of('skein_call_retries_total'), 1)
    assert.equal(of('skein_attempts_released_total'), 1)
    assert.equal(of('skein_attempts_lost_total'), 1)
    assert.deepEqual(
      ['0.01', '0.1', '+Inf'].map(le => of('skein_call_wait_seconds_bucket', `,le="${le}"`)),
      [1, 2, 2],
    )
    assert.deepEqual(
      ['0.01', '0.1', '+Inf'].map(le => of('skein_call_run_seconds_bucket', `,le="${le}"`)),
      [2, 3, 4],
    )
    assert.equal(of('skein_call_run_seconds_sum')?.toFixed(3), '0.552')
    assert.equal(of('skein_call_total_seconds_sum'), 0.58)
    assert.equal(of('skein_call_total_seconds_count'), 1)
    assert.equal(samples.get('skein_calls_total{place="shop",task="b",outcome="cancelled"}'), 1)
    assert.equal(samples.get('skein_worker_troubles_total{place="shop"}'), 1)
    assert.ok(![...samples.keys()].some(key => key.includes('never seen')))
  })

  test(
    'say how long the call has waited that waits longest, and forget it when it starts or ends',
    inVirtualTime(async clock => {
      const place = fakePlace({ kind: 'loop' })
      using page = metrics([place])
      const start = clock.now()
      const oldest = async (): Promise<number | undefined> =>
        readPage(await page.text()).get('skein_calls_oldest_waiting_seconds{place="loop"}')
      assert.equal(await oldest(), 0)
      place.tell({ type: 'submitted', id: 'a', time: start })
      await clock.advance(2_000)
      place.tell({ type: 'submitted', id: 'b', time: start + 2_000 })
      place.tell({ type: 'submitted', id: 'later', time: start, queued: start + 3_600_000 })
      assert.equal(await oldest(), 2)
      place.tell({ type: 'started', id: 'a', started: start + 2_000 })
      await clock.advance(1_000)
      assert.equal(await oldest(), 1)
      place.tell({ type: 'ended', id: 'b', outcome: 'cancelled', ended: 0 })
      assert.equal(await oldest(), 0)
      place.tell({ type: 'retried', id: 'a', ended: 0, again: start + 3_000 })
      await clock.advance(4_000)
      assert.equal(await oldest(), 4)
    }),
  )

  test('are bounded: tasks beyond the limit are counted together, and none is lost', async () => {
    const place = fakePlace({})
    using page = metrics([place], { most: 3 })
    for (let at = 0; at < 1_000; at++) place.tell({ type: 'submitted', task: `task-${at}`, queue: `queue-${at}` })
    const counted = [...readPage(await page.text())].filter(([key]) => key.startsWith('skein_calls_submitted_total'))
    assert.deepEqual(counted, [
      ['skein_calls_submitted_total{place="worker",queue="queue-0",task="task-0"}', 1],
      ['skein_calls_submitted_total{place="worker",queue="queue-1",task="task-1"}', 1],
      ['skein_calls_submitted_total{place="worker",queue="other",task="other"}', 998],
    ])
  })

  test('show hostile names as text on one line, cut where they are huge', async () => {
    const place = fakePlace({ name: '</script><b>"\n' })
    using page = metrics([place])
    const names = [
      'a"} 1\nevil_total 5',
      '\u001b[31mred\u0007',
      'back\\slash',
      '\ud800 half',
      '‮turned',
      'x'.repeat(1e6),
    ]
    for (const task of names) place.tell({ type: 'submitted', task })
    const text = await page.text()
    assert.ok(!/[\p{Cc}\p{Cs}\p{Bidi_Control}]/u.test(text.replaceAll('\n', '')))
    assert.ok(!/^evil_total/m.test(text))
    const lines = text.split('\n').filter(line => line.startsWith('skein_calls_submitted_total'))
    assert.deepEqual(
      lines.map(line => /task="(.*)"\} 1$/.exec(line)?.[1]),
      [
        'a\\"} 1\\\\nevil_total 5',
        '\\\\x1b[31mred\\\\x07',
        'back\\\\slash',
        '\\\\ud800 half',
        '\\\\u202eturned',
        `${'x'.repeat(200)}…`,
      ],
    )
    assert.ok(lines.every(line => line.includes('place="</script><b>\\"\\\\n"')))
  })
})

describe('the metrics of places', () => {
  test('tell of slots, workers and crashes of threads and processes', { timeout: 60_000 }, async () => {
    await using pool = threads({ workers: 2, name: 'compute' })
    await using children = processes({ workers: 1 })
    using page = metrics([pool, children])
    await pool.map(double, [1, 2, 3]).toArray()
    await pool.run(call(fail).with({ retries: 0 })).catch(() => {})
    await children.run(die).catch(() => {})
    await children.run(double, 1)
    const samples = readPage(await page.text())
    assert.equal(samples.get('skein_slots{place="compute"}'), 2)
    assert.equal(samples.get('skein_slots_busy{place="compute"}'), 0)
    assert.equal(samples.get('skein_slots_free{place="compute"}'), 2)
    assert.equal(samples.get('skein_worker_crashes_total{place="processes"}'), 1)
    assert.equal(samples.get('skein_workers{place="processes",state="ready"}'), 1)
    assert.equal(samples.get('skein_calls_total{place="compute",task="tasks.double",outcome="done"}'), 3)
    assert.equal(samples.get('skein_calls_total{place="compute",task="tasks.fail",outcome="failed"}'), 1)
    assert.ok((samples.get('skein_worker_calls_total{place="processes",worker="process 1"}') ?? 0) >= 1)
    if (process.platform === 'linux') {
      assert.ok((samples.get('skein_worker_memory_bytes{place="processes",worker="process 1"}') ?? 0) > 1e6)
    }
  })

  test('tell apart places of the same name, and take one off that is not wanted any more', async () => {
    await using one = loop({ concurrency: 1 })
    await using two = loop({ concurrency: 2 })
    using page = metrics([one, two, loop])
    const leave = page.add(fakePlace({}), 'mine')
    const slots = async (): Promise<string[]> =>
      (await page.text()).split('\n').filter(line => line.startsWith('skein_slots{'))
    assert.deepEqual(await slots(), [
      'skein_slots{place="loop"} 1',
      'skein_slots{place="loop 2"} 2',
      'skein_slots{place="loop 3"} +Inf',
    ])
    assert.ok((await page.text()).includes('place="mine"'))
    leave()
    leave()
    assert.ok(!(await page.text()).includes('place="mine"'))
  })

  test('of many workers add up those beyond the limit', async () => {
    const workers = ['a', 'b', 'c', 'd'].map(name => ({
      name,
      state: 'ready' as const,
      id: 1,
      inFlight: 0,
      completed: 5,
      busy: 1_000,
    }))
    const place = fakePlace({
      kind: 'threads',
      stats: () => ({ running: 3, queued: 4, capacity: 2, crashed: 1, workers }),
    })
    using page = metrics([place], { most: 2 })
    const samples = readPage(await page.text())
    const calls = [...samples].filter(([key]) => key.startsWith('skein_worker_calls_total'))
    assert.deepEqual(calls, [
      ['skein_worker_calls_total{place="threads",worker="a"}', 5],
      ['skein_worker_calls_total{place="threads",worker="b"}', 5],
      ['skein_worker_calls_total{place="threads",worker="other"}', 10],
    ])
    assert.equal(samples.get('skein_worker_busy_seconds_total{place="threads",worker="other"}'), 2)
    assert.equal(samples.get('skein_slots_free{place="threads"}'), 0)
  })
})

describe('the metrics of queues', () => {
  test('tell of a store what waits in it, and of its worker how its jobs fare', { timeout: 60_000 }, async () => {
    await using queue = await connect('memory:metrics')
    using page = metrics([queue])
    await queue.pause('mail')
    await queue.submit(call(double, 1).with({ queue: 'mail' }))
    await queue.submit(call(untilCancelled).with({ delay: '1h' }))
    const before = readPage(await page.text())
    assert.equal(before.get('skein_store_up{place="queue"}'), 1)
    assert.equal(before.get('skein_queue_jobs{place="queue",queue="mail",state="ready"}'), 1)
    assert.equal(before.get('skein_queue_jobs{place="queue",queue="default",state="delayed"}'), 1)
    assert.equal(before.get('skein_queue_paused{place="queue",queue="mail"}'), 1)
    assert.ok((before.get('skein_queue_oldest_ready_seconds{place="queue",queue="mail"}') ?? -1) >= 0)
    assert.equal(before.get('skein_queue_unclaimed_jobs{place="queue",task="tasks.double"}'), 1)
    await using worker = await work({ store: 'memory:metrics', tasks: [double, fail], on: 'loop' })
    page.add(worker)
    assert.equal(await queue.run(double, 21), 42)
    await (await queue.submit(fail)).result().catch(() => {})
    const after = readPage(await page.text())
    const done = 'skein_calls_total{place="worker",queue="default",task="tasks.double",outcome="done"}'
    assert.equal(after.get(done), 1)
    assert.equal(after.get(done.replace('double', 'fail').replace('done', 'failed')), 1)
    assert.equal(after.get('skein_call_total_seconds_count{place="worker",queue="default",task="tasks.double"}'), 1)
    assert.equal(after.get('skein_queue_workers{place="queue",queue="default"}'), 1)
    assert.equal(after.get('skein_slots_busy{place="worker"}'), 0)
  })

  test('follow the calls that this program hands over only when they are told to', async () => {
    const queue = { ...fakePlace({ kind: 'queue' }), storeStats: () => Promise.reject(new Error('away')) }
    using plain = metrics([queue])
    assert.equal(queue.listeners.size, 0)
    using following = metrics([queue], { follow: true })
    assert.equal(queue.listeners.size, 1)
    assert.ok(plain && following)
  })

  test(
    'say that a store is down which fails or does not answer, and do not ask it again meanwhile',
    inVirtualTime(async clock => {
      let asked = 0
      const silent = fakePlace({ kind: 'queue', storeStats: () => (asked++, new Promise<never>(() => {})) })
      const failing = fakePlace({ kind: 'queue', storeStats: () => Promise.reject(new Error('away')) })
      using page = metrics([silent, failing])
      for (let scrape = 0; scrape < 3; scrape++) {
        const text = page.text()
        await clock.advance(5_000)
        const samples = readPage(await text)
        assert.equal(samples.get('skein_store_up{place="queue"}'), 0)
        assert.equal(samples.get('skein_store_up{place="queue 2"}'), 0)
      }
      assert.equal(asked, 1)
    }),
  )

  test('of many queues add up those beyond the limit, and keep the fullest apart', async () => {
    const counts = { ready: 1, delayed: 0, held: 0, running: 0, done: 0, failed: 0, cancelled: 0, dead: 0 }
    const queues = Array.from({ length: 50 }, (_, at) => ({
      queue: `q${at}`,
      paused: at === 40,
      counts: { ...counts, ready: at },
      oldest: at * 1_000,
    }))
    const unclaimed = Object.fromEntries(queues.map(({ queue }, at) => [queue, at + 1]))
    const stats = { queues, unclaimed, bytes: 7, workers: [] }
    using page = metrics([fakePlace({ kind: 'queue', storeStats: async () => stats })], { most: 3 })
    const samples = readPage(await page.text())
    const ready = [...samples].filter(([key]) => key.includes('state="ready"'))
    assert.deepEqual(
      new Map(ready),
      new Map([
        ['skein_queue_jobs{place="queue",queue="q49",state="ready"}', 49],
        ['skein_queue_jobs{place="queue",queue="q48",state="ready"}', 48],
        ['skein_queue_jobs{place="queue",queue="other",state="ready"}', (47 * 48) / 2],
      ]),
    )
    assert.equal(samples.get('skein_queue_oldest_ready_seconds{place="queue",queue="other"}'), 47)
    assert.equal(samples.get('skein_queue_paused{place="queue",queue="other"}'), 1)
    assert.equal(samples.get('skein_queue_unclaimed_jobs{place="queue",task="other"}'), (48 * 49) / 2)
    assert.equal(samples.get('skein_store_size_bytes{place="queue"}'), 7)
  })
})

describe('the page of metrics', () => {
  test('answers GET and HEAD, and refuses what would change something', async () => {
    using page = metrics([], { labels: { service: 'shop' } })
    const got = await page.handle(new Request('http://localhost/metrics'))
    assert.equal(got.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.match(await got.text(), /^skein_event_loop_active_seconds_total\{service="shop"\} \d/m)
    const head = await page.handle(new Request('http://localhost/metrics', { method: 'HEAD' }))
    assert.deepEqual([head.status, await head.text()], [200, ''])
    const post = await page.handle(new Request('http://localhost/metrics', { method: 'POST' }))
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
  })

  test('shows that the event loop was blocked', async () => {
    using page = metrics()
    const tick = async (): Promise<number> => {
      const samples = readPage(await page.text())
      const [all = 0, fast = 0] = ['+Inf', '0.025'].map(
        le => samples.get(`skein_event_loop_delay_seconds_bucket{le="${le}"}`) ?? 0,
      )
      return all - fast
    }
    const end = performance.now() + 200
    while (performance.now() < end);
    // The timer that the block has held up comes with one of the next turns.
    while ((await tick()) === 0) await new Promise(resolve => setImmediate(resolve))
    assert.ok((await tick()) >= 1)
  })

  test('listens no more once it is closed, and is empty then', async () => {
    const place = fakePlace({})
    const page = metrics([place])
    assert.equal(place.listeners.size, 1)
    page.close()
    page.close()
    assert.equal(place.listeners.size, 0)
    assert.equal(await page.text(), '')
    assert.throws(() => page.add(place), InvalidArgumentError)
  })

  test('takes no wrong option, and nothing that has no numbers', () => {
    const place = fakePlace({})
    for (const buckets of [
      [],
      [0],
      [-1],
      [1, 1],
      [2, 1],
      [NaN],
      [Infinity],
      ['1'],
      'x',
      Array(51)
        .fill(0)
        .map((_, at) => at + 1),
    ]) {
      assert.throws(() => metrics([place], { buckets: buckets as never }), /buckets must be 1 to 50 finite numbers/)
    }
    for (const most of [0, 1, 1.5, -1, NaN, Infinity, '5', 10_001]) {
      assert.throws(() => metrics([place], { most: most as never }), InvalidArgumentError)
    }
    for (const labels of [null, 'x', ['a'], { le: 'x' }, { __name: 'x' }, { '1a': 'x' }, { 'a b': 'x' }, { a: 1 }]) {
      assert.throws(() => metrics([place], { labels: labels as never }), InvalidArgumentError)
    }
    assert.throws(() => metrics([place], { follow: 1 as never }), InvalidArgumentError)
    assert.throws(() => metrics([place], { bucket: [1] } as never), /buckets/)
    for (const wrong of [null, 5, {}, () => 1])
      assert.throws(() => metrics([wrong as MetricSource]), InvalidArgumentError)
    for (const wrong of [null, 5, place]) assert.throws(() => metrics(wrong as never), InvalidArgumentError)
    using page = metrics()
    assert.throws(() => page.add(place, ''), InvalidArgumentError)
    assert.throws(() => page.registerIn({} as never), /registry of prom-client/)
    assert.equal(place.listeners.size, 0)
  })

  test('leaves nothing of itself in a registry that has one of its names already', () => {
    using page = metrics()
    const registry = new Registry()
    const taken = new Gauge({ name: 'skein_store_up', help: 'taken', registers: [registry] })
    assert.throws(() => page.registerIn(registry), /already been registered/)
    assert.deepEqual(registry.getMetricsAsArray(), [taken])
  })

  test('stands on the page of a registry of prom-client, until it is taken off', async () => {
    const place = fakePlace({ name: 'shop' })
    using page = metrics([place], { labels: { service: 'x' } })
    place.tell({ type: 'submitted' })
    place.tell({ type: 'started', queued: 0, started: 5 })
    place.tell({ type: 'ended', outcome: 'done', started: 5, ended: 6 })
    const stable = (text: string): string[] =>
      text
        .split('\n')
        .filter(line => /^(?:# \w+ )?skein_(?:call|attempt)/.test(line) && !/^#.*waiting/.test(line))
        .sort()
    for (const type of [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE] as const) {
      const registry = new Registry<typeof type>()
      registry.setContentType(type)
      const leave = page.registerIn(registry)
      const text = await registry.metrics()
      assert.match(text, /^skein_calls_total\{service="x",place="shop",task="a",outcome="done"\} 1$/m)
      assert.match(text, /^skein_call_wait_seconds_bucket\{service="x",place="shop",task="a",le="\+Inf"\} 1$/m)
      if (type === Registry.PROMETHEUS_CONTENT_TYPE) {
        const ours = stable(await page.text())
        assert.deepEqual(
          ours.filter(line => !stable(text).includes(line)),
          [],
        )
        assert.throws(() => page.registerIn(registry), /already been registered/)
        assert.match(await registry.metrics(), /skein_calls_total/, 'those that are there stay')
      }
      registry.resetMetrics()
      leave()
      assert.equal(registry.getMetricsAsArray().length, 0)
    }
  })
})
