import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Event, InvalidArgumentError, MisuseError, scope } from 'skein'
import { shuffled, virtualClock } from 'skein/testing'
import { inPlainOrder } from '../core/plain-order.ts'

/** A little program whose trace depends on the order in which its tasks are run. */
async function trace(seed?: number): Promise<string> {
  using clock = virtualClock({ autojump: true })
  const seen: string[] = []
  const run = (): Promise<void> =>
    scope(s => {
      for (let task = 0; task < 8; task++) {
        s.spawn(async s => {
          for (let step = 0; step < 4; step++) {
            seen.push(`${task}.${step}`)
            await s.sleep(10)
          }
        })
      }
    })
  await (seed === -1 ? run() : shuffled(run, seed === undefined ? {} : { seed }))
  assert.equal(clock.elapsed, 40)
  return seen.join(' ')
}

describe('shuffled', () => {
  test('48: ten runs with one seed give one trace; ten without a seed give different ones', async () => {
    const same = new Set<string>()
    const different = new Set<string>()
    for (let run = 0; run < 10; run++) same.add(await trace(42))
    const fixed = process.env['SKEIN_SEED']
    delete process.env['SKEIN_SEED']
    try {
      for (let run = 0; run < 10; run++) different.add(await trace())
    } finally {
      if (fixed !== undefined) process.env['SKEIN_SEED'] = fixed
    }
    assert.equal(same.size, 1)
    assert.equal(different.size, 10)
  })

  test('those in the line of one lock, channel or event keep their order, tasks that begin at once do not', async () => {
    const begun = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      await shuffled(
        () =>
          scope(async s => {
            const event = new Event()
            const begins: number[] = []
            const woken: number[] = []
            for (let index = 0; index < 5; index++) {
              s.spawn(async s => {
                begins.push(index)
                await event.wait(s)
                woken.push(index)
              })
            }
            while (event.stats().waiting < 5) await s.sleep(0)
            event.set()
            await s.join()
            assert.deepEqual(woken, begins)
            begun.add(begins.join())
          }),
        { seed },
      )
    }
    assert.ok(begun.size > 10, `${begun.size} orders`)
  })

  test(
    'runs everything that the plain order runs, in another order; afterwards the order is the plain one again',
    inPlainOrder(async () => {
      const plain = await trace(-1)
      const other = await trace(1)
      assert.notEqual(other, plain)
      assert.deepEqual(other.split(' ').sort(), plain.split(' ').sort())
      assert.equal(await trace(-1), plain)
      assert.ok(plain.startsWith('0.0 1.0 2.0 3.0'))
    }),
  )

  test('says the seed when the function fails, and takes it from SKEIN_SEED', async () => {
    await assert.rejects(
      shuffled(() => Promise.reject(new Error('wrong order')), { seed: 99 }),
      /wrong order\n.*the seed 99.*SKEIN_SEED=99/,
    )
    const before = process.env['SKEIN_SEED']
    process.env['SKEIN_SEED'] = '1234'
    try {
      assert.equal(await shuffled(seed => seed), 1234)
      process.env['SKEIN_SEED'] = 'x'
      await assert.rejects(
        shuffled(() => 1),
        InvalidArgumentError,
      )
    } finally {
      if (before === undefined) delete process.env['SKEIN_SEED']
      else process.env['SKEIN_SEED'] = before
    }
  })

  test('is one at a time, and wants a seed that is a number', async () => {
    await assert.rejects(
      shuffled(() => shuffled(() => 1)),
      MisuseError,
    )
    await assert.rejects(
      shuffled(() => 1, { seed: -1 }),
      InvalidArgumentError,
    )
    assert.equal(await shuffled(() => 'fine'), 'fine')
  })
})
