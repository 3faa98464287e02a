import assert from 'node:assert/strict'
import { call, put, UnsendableError } from 'skein'
import { all, failure } from '../expect.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/deep.ts'
import { double, where } from '../tasks/values.ts'

const { levelsOf, nested } = tasks
const shapes = Object.keys(tasks.shapes)
const most = 500

export const deepValues: Theme = theme('values that are deeply nested', add => {
  add(
    'arrive on every way when they have 500 levels, whatever these are made of',
    async ({ shared }) => {
      for (const shape of shapes) {
        const value = nested(shape, most)
        const levels = [
          await shared.run(tasks.takeDeep, value),
          levelsOf(await shared.run(tasks.giveDeep, most, shape)),
          ...(await shared.map(tasks.takeDeep, [value, value], { chunk: 2 }).toArray()),
          ...(await all(shared.stream(call(tasks.streamDeep, most, shape)))).map(levelsOf),
        ]
        await using handle = put(value)
        levels.push(await shared.run(tasks.takeDeep, handle))
        const job = await shared.submit(tasks.reportDeep, most, shape)
        for await (const event of job.events()) {
          if (event.type === 'progress') levels.push(levelsOf(event.value))
          if (event.type === 'log') levels.push(levelsOf(event.fields))
        }
        assert.deepEqual([shape, ...levels], [shape, ...levels.map(() => most)])
        assert.equal(levels.length, 8)
        const error = await failure(RangeError, shared.run(tasks.throwDeep, most - 1, shape))
        assert.equal(levelsOf((error as unknown as { data: unknown }).data), most - 1)
      }
    },
    { needs: ['border'] },
  )

  add(
    'fail the call alone that they belong to when they have more',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      for (const shape of shapes) {
        for (const levels of [most + 1, 20_000]) {
          const value = nested(shape, levels)
          await using handle = put(value)
          const healthy = executor.run(double, 2)
          for (const outcome of [
            executor.run(tasks.takeDeep, value),
            executor.run(tasks.takeDeep, handle),
            executor.run(tasks.giveDeep, levels, shape),
            executor.run(tasks.reportDeep, levels, shape),
            all(executor.stream(call(tasks.streamDeep, levels, shape))),
          ]) {
            const { path, message } = await failure(UnsendableError, outcome)
            assert.match(message, /is nested more than 500 levels deep/)
            assert.match(path, /…\(48[0-9] more\)…/)
            assert.ok(message.length < 600, message)
          }
          const error = await failure(RangeError, executor.run(tasks.throwDeep, levels, shape))
          assert.equal(error.message, 'deep')
          assert.match(JSON.stringify(error), /not sent: .* is nested more than 500 levels deep/)
          assert.equal(await healthy, 4)
        }
      }
      assert.equal(await executor.run(where), before)
      assert.equal(executor.stats().crashed, 0)
    },
    { needs: ['border'] },
  )

  add(
    'fail alone among the items of a map and their results',
    async ({ shared }) => {
      const levels = [1, most, most + 1, 2, 20_000, 3]
      const items = levels.map(each => nested('objects', each))
      const arguments_ = await shared.map(tasks.takeDeep, items, { settle: true, chunk: 6 }).toArray()
      const results = await shared.map(tasks.giveDeep, levels, { settle: true, chunk: 6 }).toArray()
      for (const outcomes of [arguments_, results]) {
        assert.deepEqual(
          outcomes.map(each => (each.state === 'done' ? 'done' : (each.error as UnsendableError).code)),
          ['done', 'done', 'SKEIN_UNSENDABLE', 'done', 'SKEIN_UNSENDABLE', 'done'],
        )
      }
    },
    { needs: ['border'] },
  )

  add(
    'may have any number of levels where there is no border',
    async ({ shared }) => {
      const levels = 20_000
      const value = nested('objects', levels)
      await using handle = put(value)
      assert.equal(await shared.run(tasks.takeDeep, value), levels)
      assert.equal(await shared.run(tasks.takeDeep, handle), levels)
      assert.equal(levelsOf(await shared.run(tasks.giveDeep, levels)), levels)
    },
    { lacks: 'border' },
  )

  add('may lie around calls, jobs and values that were put', async ({ shared, place }) => {
    const levels = place.can.has('border') ? 200 : 20_000
    await using handle = put(nested('objects', 100))
    const job = await shared.submit(tasks.giveDeep, 100)
    for (const inner of [call(tasks.giveDeep, 100), job, handle]) {
      let value: unknown = inner
      for (let n = 0; n < levels; n++) value = { inner: value }
      assert.equal(await shared.run(tasks.takeDeep, value), levels + 100)
    }
  })
})
