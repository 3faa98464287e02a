import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvalidArgumentError, loop, scope } from 'skein'
import { timeline, type TimelineSpan } from 'skein/observe'
import { threads } from 'skein/threads'
import { fakePlace } from '../fake-place.ts'
import { double, fail } from '../tasks.ts'
import { readTrace } from './read-trace.ts'

const hostile = [
  '</script><script>alert(1)</script>',
  '<!-- <img src=x onerror=alert(1)>',
  '\u001b[31m\u0007',
  '\ud800 \u2028 \u202e',
  '"\\\n',
  'x'.repeat(1e6),
]

function ofKind(spans: readonly TimelineSpan[], kind: TimelineSpan['kind']): TimelineSpan[] {
  return spans.filter(span => span.kind === kind)
}

describe('a timeline', () => {
  test('has each attempt of a call in its lane, and its wait before', () => {
    const place = fakePlace({})
    using recording = timeline([place])
    place.tell({ type: 'submitted', id: 'a', time: 10 })
    place.tell({ type: 'started', id: 'a', task: 'build', worker: 'thread 1', queued: 10, started: 15 })
    place.tell({ type: 'retried', id: 'a', task: 'build', worker: 'thread 1', started: 15, ended: 25, again: 30 })
    place.tell({ type: 'started', id: 'a', task: 'build', worker: 'thread 2', queued: 30, started: 30, attempt: 2 })
    const end = { type: 'ended', outcome: 'done', started: 30, ended: 50 }
    place.tell({ ...end, id: 'a', task: 'build', worker: 'thread 2', attempt: 2, items: 3, parent: 'p' })
    place.tell({ type: 'ended', id: 'b', outcome: 'cancelled', ended: 60 })
    place.tell({ type: 'progress', id: 'a', value: 1 })
    const spans = recording.spans().filter(({ kind }) => kind === 'call' || kind === 'wait')
    assert.deepEqual(spans, [
      { kind: 'wait', place: 'x', lane: 'waiting', name: 'build', start: 10, duration: 5, id: 'a', attempt: 1 },
      {
        kind: 'call',
        place: 'x',
        lane: 'thread 1',
        name: 'build',
        start: 15,
        duration: 10,
        end: 'retried',
        id: 'a',
        attempt: 1,
      },
      {
        kind: 'call',
        place: 'x',
        lane: 'thread 2',
        name: 'build',
        start: 30,
        duration: 20,
        end: 'done',
        id: 'a',
        attempt: 2,
        parent: 'p',
        items: 3,
      },
    ])
  })

  test('of a queue puts what ran into the lane of the thread that had it', () => {
    const place = fakePlace({})
    using recording = timeline([place])
    place.tell({ type: 'ended', outcome: 'done', worker: 'host:1:a', lane: 'thread 3', started: 1, ended: 2 })
    assert.deepEqual(
      ofKind(recording.spans(), 'call').map(({ lane }) => lane),
      ['thread 3'],
    )
  })

  test('shows what runs at this moment, and keeps it as running when it is closed', () => {
    const place = fakePlace({})
    const recording = timeline([place])
    place.tell({ type: 'started', worker: 'loop', started: Date.now() - 1_000 })
    for (let round = 0; round < 2; round++) {
      const [span] = ofKind(recording.spans(), 'call') as [TimelineSpan]
      assert.equal(span.end, 'running')
      assert.ok(span.duration >= 900, `${span.duration}`)
      recording.close()
    }
    assert.equal(place.listeners.size, 0)
    assert.throws(() => recording.add(place), InvalidArgumentError)
  })

  test('keeps the newest bars, however many there were', () => {
    const place = fakePlace({})
    using recording = timeline([place], { most: 3 })
    for (let at = 0; at < 10; at++)
      place.tell({ type: 'ended', id: `${at}`, outcome: 'done', started: at, ended: at + 1 })
    assert.deepEqual(
      ofKind(recording.spans(), 'call').map(({ id }) => id),
      ['7', '8', '9'],
    )
    assert.equal(recording.dropped, 7)
    assert.match(recording.html(), /3 bars, 7 older ones are not drawn/)
  })

  test('has the tasks of scopes, garbage collections, and what has blocked the event loop', async () => {
    using recording = timeline()
    await scope(async s => {
      s.spawn(() => {}, { name: 'inner' })
    })
    const end = performance.now() + 60
    while (performance.now() < end);
    while (ofKind(recording.spans(), 'blocked').length === 0) await new Promise(resolve => setImmediate(resolve))
    const [blocked] = ofKind(recording.spans(), 'blocked') as [TimelineSpan]
    assert.ok(blocked.duration >= 10)
    assert.deepEqual(
      ofKind(recording.spans(), 'task').map(({ name, place }) => [name, place]),
      [['inner', 'scope']],
    )
    let garbage: unknown[] = []
    while (ofKind(recording.spans(), 'garbage').length === 0) {
      garbage = Array.from({ length: 100_000 }, (_, at) => ({ at, garbage: garbage.length }))
      await new Promise(resolve => setImmediate(resolve))
    }
    assert.match(ofKind(recording.spans(), 'garbage')[0]?.name ?? '', /collection|marking|callbacks/)
  })

  test('refuses wrong options, and what has no events', () => {
    for (const most of [0, -1, 1.5, NaN, Infinity, 10_000_001, '5']) {
      assert.throws(() => timeline([], { most: most as never }), InvalidArgumentError)
    }
    assert.throws(() => timeline([], { must: 1 } as never), /most/)
    for (const wrong of [null, 1, {}, 'pool']) {
      assert.throws(() => timeline([wrong as never]), InvalidArgumentError)
      if (wrong !== 'pool') assert.throws(() => timeline(wrong as never), InvalidArgumentError)
    }
  })
})

describe('the trace of a timeline', () => {
  test('has the format that Perfetto reads, with real threads in lanes', { timeout: 60_000 }, async () => {
    await using pool = threads({ workers: 2 })
    await using place = loop({ concurrency: 8 })
    using recording = timeline([pool, place])
    await pool
      .map(
        double,
        Array.from({ length: 20 }, (_, at) => at),
      )
      .toArray()
    await place.map(double, [1, 2, 3]).toArray()
    await place.run(fail).catch(() => {})
    const { slices, lanes, waits } = readTrace(recording.chromeTrace())
    assert.ok(slices.some(({ lane, name }) => /^threads\/thread [12]$/.test(lane) && name === 'tasks.double'))
    assert.ok(slices.some(({ lane, args }) => lane === 'loop/loop' && args['end'] === 'failed'))
    assert.ok(waits > 0)
    assert.ok(lanes.includes('threads/thread 1'))
  })

  test('puts what overlaps in a lane into rows of its own', () => {
    const place = fakePlace({})
    using recording = timeline([place])
    for (const [id, started, ended] of [
      ['a', 0, 10],
      ['b', 5, 15],
      ['c', 12, 20],
    ] as const) {
      place.tell({ type: 'ended', id, task: id, outcome: 'done', worker: 'loop', started, ended })
    }
    const { slices } = readTrace(recording.chromeTrace())
    assert.deepEqual(
      slices.filter(({ lane }) => lane.startsWith('x/')).map(({ name, lane, ts, dur }) => [name, lane, ts, dur]),
      [
        ['a', 'x/loop', 0, 10_000],
        ['b', 'x/loop (2)', 5_000, 10_000],
        ['c', 'x/loop', 12_000, 8_000],
      ],
    )
  })

  test('and its page show hostile text as text', () => {
    const place = fakePlace({})
    using recording = timeline([place])
    for (const [at, text] of hostile.entries()) {
      const about = { id: text, task: text, place: text, worker: text, started: at, ended: at + 1 }
      place.tell({ type: 'ended', outcome: 'done', ...about })
    }
    const trace = recording.chromeTrace()
    const { slices } = readTrace(trace)
    assert.equal(slices.filter(({ args }) => args['id'] !== undefined).length, hostile.length)
    assert.ok(trace.length < 20_000)
    const page = recording.html(hostile.slice(0, 5).join(''))
    using empty = timeline()
    const plain = empty.html('plain')
    const tags = (text: string): number => text.match(/<\/?(?:script|img|!--)/gi)?.length ?? 0
    assert.equal(tags(page), tags(plain))
    for (const text of [trace, page]) {
      assert.ok(!/[\p{Cs}\p{Zl}\p{Bidi_Control}]/u.test(text))
      assert.ok(!text.includes('\u001b') && !text.includes('\u0007'))
    }
  })
})
