import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { debounce, scope, throttle } from 'skein'
import { virtualClock } from 'skein/testing'

const clock = virtualClock()
after(() => clock.restore())

describe('debounce', () => {
  test('all calls of a burst share one run, with the arguments of the last', async () => {
    const runs: string[] = []
    const save = debounce((_s, text: string) => {
      runs.push(text)
      return text.length
    }, 100)
    const results = [save('a')]
    await clock.advance(60)
    results.push(save('ab'))
    await clock.advance(60)
    results.push(save('abc'))
    assert.equal(save.pending, true)
    await clock.advance(99)
    assert.deepEqual(runs, [])
    await clock.advance(1)
    assert.deepEqual(runs, ['abc'])
    assert.deepEqual(await Promise.all(results), [3, 3, 3])
    assert.equal(save.pending, false)
  })

  test('maxWait ends a burst that does not end by itself', async () => {
    const runs: number[] = []
    const from = clock.elapsed
    const save = debounce(() => void runs.push(clock.elapsed - from), 100, { maxWait: 250 })
    const calls: Promise<void>[] = []
    for (let i = 0; i < 10; i++) {
      calls.push(save())
      await clock.advance(50)
    }
    await clock.advance(1000)
    await Promise.all(calls)
    assert.deepEqual(runs, [250, 500])
  })

  test('leading: the first call runs at once, later ones of the burst at its end', async () => {
    const runs: string[] = []
    const save = debounce((_s, text: string) => void runs.push(text), 100, { leading: true })
    const calls = [save('a'), save('b')]
    assert.deepEqual(runs, ['a'])
    await clock.advance(100)
    await Promise.all(calls)
    assert.deepEqual(runs, ['a', 'b'])
  })

  test('runs do not overlap: a burst that ends meanwhile waits', async () => {
    const log: string[] = []
    const save = debounce(async (s, text: string) => {
      log.push(`${text} begins`)
      await s.sleep(1000)
      log.push(`${text} ends`)
    }, 100)
    const first = save('a')
    await clock.advance(200)
    const second = save('b')
    await clock.advance(5000)
    await Promise.all([first, second])
    assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends'])
  })

  test('flush runs at once what is put off; cancel gives it up', async () => {
    const save = debounce((_s, text: string) => text.toUpperCase(), '1h')
    const call = save('a')
    assert.equal(await save.flush(), 'A')
    assert.equal(await call, 'A')
    assert.equal(await save.flush(), undefined)
    const given = save('b')
    save.cancel('never mind')
    await assert.rejects(given, { code: 'SKEIN_CANCELLED', reason: 'never mind' })
    assert.equal(clock.waiting, 0)
  })

  test('every caller gets the error of the run', async () => {
    const save = debounce(() => {
      throw new Error('disk full')
    }, 10)
    const calls = [save(), save()].map(call => assert.rejects(call, /disk full/))
    await clock.advance(10)
    await Promise.all(calls)
  })

  test('what is put off is given up with the scope, and no timer is left', async () => {
    let runs = 0
    await assert.rejects(
      scope(async s => {
        const save = debounce(() => void runs++, '1h', {}, s)
        const call = save()
        s.cancel('closing')
        await assert.rejects(save(), { code: 'SKEIN_CANCELLED' })
        await call
      }),
      { code: 'SKEIN_CANCELLED', reason: 'closing' },
    )
    assert.equal(clock.waiting, 0)
    assert.equal(runs, 0)
  })

  test('who waits for a run that is cancelled hears of it when the run has ended', async () => {
    clock.autojump = true
    const log: string[] = []
    await scope(async s => {
      const save = debounce(
        async s => {
          try {
            await s.sleep('1h')
          } finally {
            await s.shield(s => s.sleep('1s'), { timeout: '5s' })
            log.push('the run has ended')
          }
        },
        10,
        {},
        s,
      )
      const call = save().catch(() => log.push('the caller hears'))
      await s.sleep(20)
      s.cancel()
      await call
    }).catch(() => {})
    clock.autojump = false
    assert.deepEqual(log, ['the run has ended', 'the caller hears'])
  })

  test('who does not look at the promises is not troubled by the end', async () => {
    const unhandled: unknown[] = []
    const hear = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', hear)
    let save: () => Promise<void> = assert.fail
    await scope(async s => {
      save = debounce(s => s.sleep('1h'), 10, { leading: true }, s)
      void save() // runs at once
      void save() // is put off
      s.cancel()
    }).catch(() => {})
    void save() // comes too late
    await clock.advance(100)
    process.removeListener('unhandledRejection', hear)
    assert.deepEqual(unhandled, [])
  })

  test('maxWait counts from the first call of the burst, also soon after a run', async () => {
    const from = clock.elapsed
    const runs: number[] = []
    const save = debounce(() => void runs.push(clock.elapsed - from), 100, { maxWait: 250 })
    const calls = [save()]
    await clock.advance(150)
    for (let i = 0; i < 6; i++) {
      calls.push(save())
      await clock.advance(50)
    }
    await clock.advance(100)
    await Promise.all(calls)
    assert.deepEqual(runs, [100, 400, 500])
  })

  test('wrong options are refused', () => {
    assert.throws(() => debounce(() => {}, -1), { code: 'SKEIN_INVALID_ARGUMENT' })
    assert.throws(() => debounce(() => {}, 1, { trailing: true } as never), /'trailing'/)
    assert.throws(() => debounce(3 as never, 1), /needs a function/)
  })
})

describe('throttle', () => {
  test('runs at most once in each interval, with the first and the last arguments', async () => {
    const runs: [number, number][] = []
    const from = clock.elapsed
    const draw = throttle((_s, x: number) => {
      runs.push([clock.elapsed - from, x])
      return x
    }, 100)
    const results: Promise<number>[] = []
    for (let x = 0; x < 10; x++) {
      results.push(draw(x))
      await clock.advance(25)
    }
    await clock.advance(1000)
    assert.deepEqual(runs, [
      [0, 0],
      [100, 3],
      [200, 7],
      [300, 9],
    ])
    assert.deepEqual(await Promise.all(results), [0, 3, 3, 3, 7, 7, 7, 7, 9, 9])
  })

  test('without trailing, calls within the interval are left out and get the last result', async () => {
    const draw = throttle((_s, x: number) => x, 100, { trailing: false })
    assert.deepEqual(await Promise.all([draw(1), draw(2)]), [1, 1])
    await clock.advance(100)
    assert.equal(await draw(3), 3)
  })

  test('without leading, the first run is at the end of the interval', async () => {
    const runs: number[] = []
    const draw = throttle((_s, x: number) => void runs.push(x), 100, { leading: false })
    const calls = [draw(1), draw(2)]
    assert.deepEqual(runs, [])
    await clock.advance(100)
    await Promise.all(calls)
    assert.deepEqual(runs, [2])
  })

  test('with neither it would never run, so that is refused', () => {
    assert.throws(() => throttle(() => {}, 1, { leading: false, trailing: false }), { code: 'SKEIN_INVALID_ARGUMENT' })
  })
})
