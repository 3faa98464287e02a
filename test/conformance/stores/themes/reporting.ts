import assert from 'node:assert/strict'
import { named, oneClaim, scene, settled, type Subject } from '../subject.ts'

export function reporting(subject: Subject): void {
  scene(subject, 'what an attempt reports can be read in order, and from anywhere on', async ({ store }) => {
    await store.send(named(['a']))
    const { id, token } = await oneClaim(store)
    const outcomes = await store.report([
      { id, token, kind: 'progress', value: '0.5' },
      { id, token, kind: 'log', line: '{"text":"half"}' },
      { id, token, kind: 'item', value: '[1]' },
    ])
    assert.deepEqual(outcomes, ['ok', 'ok', 'ok'])
    await store.report([{ id, token, kind: 'item', value: '[2]' }])
    const all = await store.reports('a', 0)
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
    assert.deepEqual(await store.reports('a', sequences[2] as number), all.slice(3))
    assert.deepEqual(await store.reports('nobody', 0), [])
  })

  scene(subject, 'finished steps are there for the next attempt, and for one by hand', async ({ store, bed }) => {
    await store.send(named(['a']))
    const first = await oneClaim(store)
    await store.report([{ id: 'a', token: first.token, kind: 'step', name: '__proto__', value: '{"x":1}' }])
    await store.report([{ id: 'a', token: first.token, kind: 'step', name: 'charge', value: '2' }])
    await bed.turn(10_000)
    await store.sweep()
    const second = await oneClaim(store)
    assert.deepEqual(Object.entries(second.steps), [
      ['__proto__', '{"x":1}'],
      ['charge', '2'],
    ])
    await settled(store, second, { kind: 'failed', error: '{}' })
    await store.retry(['a'])
    assert.equal((await oneClaim(store)).steps['charge'], '2')
  })

  scene(subject, 'the turns of a call are told among its reports', async ({ store, bed }) => {
    await store.send(named(['a']))
    await settled(store, await oneClaim(store), { kind: 'retry', error: '{"m":1}', delay: 5 })
    await bed.turn(5)
    await settled(store, await oneClaim(store), { kind: 'release' })
    await oneClaim(store)
    await bed.turn(10_000)
    await store.sweep()
    const last = await oneClaim(store)
    await store.cancel(['a'], '"r"')
    await settled(store, last)
    await store.retry(['a'])
    const turns = (await store.reports('a', 0)).map(({ kind, value }) => {
      assert.equal(kind, 'state')
      return JSON.parse(value) as Record<string, unknown>
    })
    assert.deepEqual(
      turns.map(each => each['state']),
      ['retry', 'released', 'died', 'cancelling', 'again'],
    )
    assert.deepEqual(turns[0], { state: 'retry', attempt: 1, delay: 5, error: { m: 1 } })
    assert.equal(turns[2]?.['worker'], 'w')
  })

  scene(
    subject,
    'of progress and log lines the latest thousand stay; items all stay, a thousand at once',
    async ({ store }) => {
      await store.send(named(['a']))
      const { id, token } = await oneClaim(store)
      await store.report(
        Array.from({ length: 3_000 }, (_, n) => ({ id, token, kind: 'progress', value: `${n}` }) as const),
      )
      await store.report(Array.from({ length: 1_500 }, (_, n) => ({ id, token, kind: 'item', value: `${n}` }) as const))
      const seen: { kind: string; value: string; sequence: number }[] = []
      for (;;) {
        const more = await store.reports('a', seen.at(-1)?.sequence ?? 0)
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
    subject,
    'a report with more bytes than the store takes is refused alone',
    async ({ store }) => {
      await store.send(named(['a']))
      const { id, token } = await oneClaim(store)
      const outcomes = await store.report([
        { id, token, kind: 'item', value: `"${'x'.repeat(2_000)}"` },
        { id, token, kind: 'item', value: '1' },
      ])
      assert.ok(typeof outcomes[0] === 'object')
      assert.equal(outcomes[1], 'ok')
      assert.deepEqual(
        (await store.reports('a', 0)).map(each => each.value),
        ['1'],
      )
    },
    { maxBytes: 1_000 },
  )
}
