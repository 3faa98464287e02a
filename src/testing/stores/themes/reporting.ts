import assert from 'node:assert/strict'
import { type Kind, named, scene } from '../scene.ts'

export function reporting(kind: Kind): void {
  scene(kind, 'what an attempt reports can be read in order, and from anywhere on', [], async ({ store, probe }) => {
    await probe.send(named(['a']))
    const { id, token } = await probe.oneClaim()
    const outcomes = await store.results.report([
      { id, token, kind: 'progress', value: '0.5' },
      { id, token, kind: 'log', line: '{"text":"half"}' },
      { id, token, kind: 'item', value: '[1]' },
    ])
    assert.deepEqual(outcomes, ['ok', 'ok', 'ok'])
    await store.results.report([{ id, token, kind: 'item', value: '[2]' }])
    const all = await store.results.reports('a', 0)
    assert.deepEqual(
      all.map(({ kind, value }) => [kind, value]),
      [
        ['progress', '0.5'],
        ['log', '{"text":"half"}'],
        ['item', '[1]'],
        ['item', '[2]'],
      ],
    )
    const sequences = all.map(each => each.sequence)
    assert.deepEqual(
      sequences,
      [...sequences].sort((a, b) => a - b),
    )
    assert.equal(new Set(sequences).size, 4)
    assert.deepEqual(await store.results.reports('a', sequences[2] as number), all.slice(3))
    assert.deepEqual(await store.results.reports('nobody', 0), [])
  })

  scene(
    kind,
    'finished steps are there for the next attempt, and for one by hand',
    ['turn', 'retry', 'leases'],
    async ({ store, bed, probe }) => {
      await probe.send(named(['a']))
      const first = await probe.oneClaim()
      await store.results.report([{ id: 'a', token: first.token, kind: 'step', name: '__proto__', value: '{"x":1}' }])
      await store.results.report([{ id: 'a', token: first.token, kind: 'step', name: 'charge', value: '2' }])
      await bed.turn(10_000)
      const second = await probe.oneClaim()
      assert.deepEqual(Object.entries(second.steps), [
        ['__proto__', '{"x":1}'],
        ['charge', '2'],
      ])
      await probe.settled(second, { kind: 'failed', error: '{}' })
      await probe.inspector.retry(['a'])
      assert.equal((await probe.oneClaim()).steps['charge'], '2')
    },
  )

  scene(
    kind,
    'the turns of a call are told among its reports',
    ['turn', 'cancel', 'retry', 'leases'],
    async ({ store, bed, probe }) => {
      await probe.send(named(['a']))
      await probe.settled(await probe.oneClaim(), { kind: 'retry', error: '{"m":1}', delay: 5 })
      await bed.turn(5)
      await probe.settled(await probe.oneClaim(), { kind: 'release' })
      await probe.oneClaim()
      await bed.turn(10_000)
      const last = await probe.oneClaim()
      await probe.inspector.cancel(['a'], '"r"')
      await probe.settled(last)
      await probe.inspector.retry(['a'])
      const turns = (await store.results.reports('a', 0)).map(({ kind, value }) => {
        assert.equal(kind, 'state')
        return JSON.parse(value) as Record<string, unknown>
      })
      assert.deepEqual(
        turns.map(each => each['state']),
        ['retry', 'released', 'died', 'cancelling', 'again'],
      )
      assert.deepEqual(turns[0], { state: 'retry', attempt: 1, delay: 5, error: { m: 1 } })
      assert.equal(turns[2]?.['worker'], 'w')
    },
  )

  scene(
    kind,
    'of progress and log lines the latest thousand stay; items all stay, a thousand at once',
    [],
    async ({ store, probe }) => {
      await probe.send(named(['a']))
      const { id, token } = await probe.oneClaim()
      await store.results.report(
        Array.from({ length: 3_000 }, (_, n) => ({ id, token, kind: 'progress', value: `${n}` }) as const),
      )
      await store.results.report(
        Array.from({ length: 1_500 }, (_, n) => ({ id, token, kind: 'item', value: `${n}` }) as const),
      )
      const seen: { kind: string; value: string; sequence: number }[] = []
      for (;;) {
        const more = await store.results.reports('a', seen.at(-1)?.sequence ?? 0)
        assert.ok(more.length <= 1_000)
        if (more.length === 0) break
        seen.push(...more)
      }
      const progress = seen.filter(each => each.kind === 'progress')
      assert.ok(progress.length >= 1_000 && progress.length <= 1_100, `${progress.length} were kept`)
      assert.equal(progress.at(-1)?.value, '2999')
      assert.deepEqual(
        seen.filter(each => each.kind === 'item').map(each => each.value),
        Array.from({ length: 1_500 }, (_, n) => `${n}`),
      )
    },
  )

  scene(
    kind,
    'a report with more bytes than the store takes is refused alone',
    ['maxBytes'],
    async ({ store, probe }) => {
      await probe.send(named(['a']))
      const { id, token } = await probe.oneClaim()
      const outcomes = await store.results.report([
        { id, token, kind: 'item', value: `"${'x'.repeat(2_000)}"` },
        { id, token, kind: 'item', value: '1' },
      ])
      assert.ok(typeof outcomes[0] === 'object')
      assert.equal(outcomes[1], 'ok')
      assert.deepEqual(
        (await store.results.reports('a', 0)).map(each => each.value),
        ['1'],
      )
    },
    { maxBytes: 1_000 },
  )

  scene(kind, 'reports of one kind push out none of another', [], async ({ store, probe }) => {
    await probe.send(named(['a']))
    const first = await probe.oneClaim()
    await store.results.report([{ ...first, kind: 'log', line: '"the only one"' }])
    await probe.settled(first, { kind: 'retry', error: '{"message":"the first"}', delay: 0 })
    const { id, token } = await probe.oneClaim()
    const many = Array.from({ length: 3_000 }, (_, n) => ({ id, token, kind: 'progress', value: `${n}` }) as const)
    await store.results.report(many)
    const reports = await store.results.reports('a', 0)
    const lines = reports.filter(each => each.kind === 'log').map(each => each.value)
    assert.deepEqual(lines, ['"the only one"'])
  })
}
