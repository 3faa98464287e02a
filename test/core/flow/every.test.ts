import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { every, scope, sleep, type Tick } from 'skein'
import { virtualClock } from 'skein/testing'

const clock = virtualClock({ autojump: true })
after(() => clock.restore())

describe('every', () => {
  test('runs at the end of each period, or at its beginning too', async () => {
    const from = clock.elapsed
    const times: number[] = []
    await every('10s', () => void times.push(clock.elapsed - from), { times: 3 })
    assert.deepEqual(times, [10_000, 20_000, 30_000])
    const again = clock.elapsed
    const early: number[] = []
    await every('10s', () => void early.push(clock.elapsed - again), { times: 3, immediately: true })
    assert.deepEqual(early, [0, 10_000, 20_000])
  })

  test('runs never overlap; those that fall into a long one are left out and told', async () => {
    const from = clock.elapsed
    const told: [number, Tick][] = []
    const result = await every(
      '10s',
      async (s, tick) => {
        told.push([clock.elapsed - from, tick])
        if (tick.run === 1) await s.sleep('25s')
      },
      { times: 3 },
    )
    assert.deepEqual(told, [
      [10_000, { run: 1, skipped: 0 }],
      [40_000, { run: 2, skipped: 2 }],
      [50_000, { run: 3, skipped: 0 }],
    ])
    assert.deepEqual(result, { runs: 3, skipped: 2, failed: 0 })
  })

  test('the length of the runs does not move the pace', async () => {
    const from = clock.elapsed
    const starts: number[] = []
    await every(
      '1s',
      async s => {
        starts.push(clock.elapsed - from)
        await s.sleep(137)
      },
      { times: 100 },
    )
    assert.equal(starts.at(-1), 100_000)
  })

  test('jitter makes a run late within its period and never moves the periods', async () => {
    const from = clock.elapsed
    const lates: number[] = []
    await every('10s', (_s, { run }) => void lates.push(clock.elapsed - from - run * 10_000), {
      times: 40,
      jitter: 0.5,
    })
    assert.ok(
      lates.every(late => late >= 0 && late <= 5001),
      String(lates),
    )
    assert.ok(new Set(lates).size > 20)
  })

  test('ends with the error of a run, unless somebody takes it', async () => {
    let runs = 0
    const work = (): void => {
      if (++runs % 2 === 0) throw new Error(`run ${runs}`)
    }
    await assert.rejects(every('1s', work), /run 2/)
    const errors: unknown[] = []
    runs = 0
    const result = await every('1s', work, {
      times: 4,
      onError: (error, tick) => errors.push([String(error), tick.run]),
    })
    assert.deepEqual(errors, [
      ['Error: run 2', 2],
      ['Error: run 4', 4],
    ])
    assert.equal(result.failed, 2)
  })

  test('as a service it goes on until the others have ended', async () => {
    let beats = 0
    await scope(async s => {
      s.spawn(s => every('1s', () => void beats++, {}, s), { service: true })
      await s.sleep('10.5s')
    })
    assert.equal(beats, 10)
  })

  test('a cancelled owner ends the run that is under way', async () => {
    const seen: boolean[] = []
    await assert.rejects(
      scope(
        s =>
          every(
            '1s',
            async s => {
              try {
                await s.sleep('1h')
              } finally {
                seen.push(s.cancelled)
              }
            },
            {},
            s,
          ),
        { timeout: '5s' },
      ),
      { code: 'SKEIN_TIMEOUT' },
    )
    assert.deepEqual(seen, [true])
  })

  test('times: 0 does nothing, and wrong options are refused', async () => {
    assert.deepEqual(await every('1s', () => assert.fail(), { times: 0 }), { runs: 0, skipped: 0, failed: 0 })
    await assert.rejects(
      every(0, () => {}),
      { code: 'SKEIN_INVALID_ARGUMENT', message: /longer than 0/ },
    )
    await assert.rejects(
      every('1s', () => {}, { jitter: 2 }),
      /jitter/,
    )
    await assert.rejects(every('1s', sleep(0) as never), /needs a function/)
  })
})
