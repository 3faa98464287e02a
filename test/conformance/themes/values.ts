import assert from 'node:assert/strict'
import { call, channel, Lock, Queue, scope } from 'skein'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/values.ts'

export const values: Theme = theme('values', add => {
  add('runs a synchronous task and gives its value', async ({ shared }) => {
    assert.equal(await shared.run(tasks.add, 1, 2), 3)
  })

  add('runs an async task and gives what its promise resolves to', async ({ shared }) => {
    assert.equal(await shared.run(tasks.doubleLater, 21), 42)
  })

  add('waits for the promise of a task that is no async function', async ({ shared }) => {
    assert.equal(await shared.run(tasks.doublePromised, 21), 42)
  })

  add('gives undefined for a task that returns nothing', async ({ shared }) => {
    assert.equal(await shared.run(tasks.nothing), undefined)
  })

  add('hands over any number of arguments, in order', async ({ shared }) => {
    assert.equal(await shared.run(tasks.countArguments), 0)
    assert.equal(await shared.run(tasks.countArguments, undefined, null, undefined), 3)
    assert.equal(await shared.run(tasks.textOf, 'a', 1, true, 'b', 2, false, 'c'), 'a 1 true b 2 false c')
  })

  add('runs a call value like a task with its arguments', async ({ shared }) => {
    const made = call(tasks.add, 3, 4)
    assert.equal(await shared.run(made), 7)
    assert.equal(await shared.run(made), 7, 'a call can be run again')
    assert.equal(await (await shared.submit(made)).result(), 7)
  })

  add('leaves a call as it was when options are laid over it', async ({ shared }) => {
    const plain = call(tasks.add, 3, 4)
    const urgent = plain.with({ priority: 5 }).with({ timeout: '1m' })
    assert.deepEqual({ ...plain.options }, {})
    assert.deepEqual({ ...urgent.options }, { priority: 5, timeout: 60_000 })
    assert.equal(await shared.run(urgent), 7)
  })

  add('carries every plain kind of value there and back', async ({ shared }) => {
    const sent = {
      nothing: null,
      missing: undefined,
      numbers: [0, 1.5, -1, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, -0],
      big: 12345678901234567890n,
      text: 'plain, ümlaut, 漢字, 🧵, \0, \ud800 alone',
      empty: ['', [], {}],
      when: new Date(86_400_000),
      pattern: /a(b)+/giu,
      map: new Map<unknown, unknown>([
        ['k', new Set([1, 'two'])],
        [{ key: 1 }, 'object key'],
      ]),
      bytes: new Uint8Array([0, 1, 255]),
      floats: new Float64Array([0.1, -1e300]),
      buffer: new Uint16Array([1, 2, 3]).buffer,
      nested: { deep: [{ deeper: [[['deepest']]] }] },
      flags: [true, false],
    }
    assert.deepEqual(await shared.run(tasks.echo, sent), sent)
  })

  add('keeps an element that occurs twice one element, and a cycle a cycle', async ({ shared }) => {
    const part = { name: 'part' }
    const whole: { parts: unknown[]; self?: unknown } = { parts: [part, part] }
    whole.self = whole
    const got = (await shared.run(tasks.echo, whole)) as typeof whole
    assert.equal(got.self, got)
    assert.equal(got.parts[0], got.parts[1])
    assert.deepEqual(got.parts[0], part)
  })

  add('keeps a view of a part of a buffer the same view', async ({ shared }) => {
    const view = new Uint8Array(new Uint8Array([9, 1, 2, 3, 9]).buffer, 1, 3)
    const got = (await shared.run(tasks.echo, view)) as Uint8Array
    assert.deepEqual([...got], [1, 2, 3])
  })

  add('gives a typed array memory that holds nothing else', async ({ shared }) => {
    for (const length of [3, 500, 20_000]) {
      const sent = { before: 'text', numbers: new Float64Array(length).fill(0.5), bytes: new Uint8Array(length) }
      const got = (await shared.run(tasks.echo, sent)) as typeof sent
      assert.deepEqual(got, sent)
      assert.equal(got.numbers.buffer.byteLength, length * 8)
      assert.equal(got.bytes.buffer.byteLength, length)
    }
  })

  add('carries a Node Buffer as bytes', async ({ shared }) => {
    const got = (await shared.run(tasks.echo, Buffer.from('bytes'))) as Uint8Array
    assert.equal(got instanceof Uint8Array, true)
    assert.equal(Buffer.from(got).toString(), 'bytes')
  })

  add('keeps the difference between a hole, undefined and null', async ({ shared }) => {
    const got = (await shared.run(tasks.echo, { list: [null, undefined, 3], absent: undefined })) as object
    assert.deepEqual(got, { list: [null, undefined, 3], absent: undefined })
    assert.equal('absent' in got, true)
    // eslint-disable-next-line no-sparse-arrays
    const sparse = (await shared.run(tasks.echo, [1, , 3])) as unknown[]
    assert.equal(sparse.length, 3)
    assert.equal(1 in sparse, false)
  })

  add('keeps a property called __proto__ a property', async ({ shared }) => {
    const sent = JSON.parse('{"__proto__": {"polluted": true}, "toJSON": 1}') as object
    const got = (await shared.run(tasks.echo, sent)) as object
    assert.deepEqual(Object.keys(got).sort(), ['__proto__', 'toJSON'])
    assert.equal((got as { polluted?: unknown }).polluted, undefined)
  })

  add('carries megabytes there and back', async ({ shared }) => {
    const text = 'skein '.repeat(500_000)
    assert.equal(await shared.run(tasks.echo, text), text)
    const bytes = new Uint8Array(8_000_000).map((_, i) => i % 251)
    const got = (await shared.run(tasks.echo, bytes)) as Uint8Array
    assert.equal(Buffer.compare(got, bytes), 0)
    const many = Array.from({ length: 100_000 }, (_, i) => ({ i, name: `n${i}` }))
    assert.deepEqual(await shared.run(tasks.echo, many), many)
  })

  add('sees values with their own types inside the task', async ({ shared }) => {
    const sent = [new Date(0), new Map(), new Set(), new Uint8Array(1), /x/, 1n, [], {}, null, undefined]
    const kinds = ['Date', 'Map', 'Set', 'Uint8Array', 'RegExp', 'BigInt', 'Array', 'Object', 'Null', 'Undefined']
    const expected = kinds.map(kind => `[object ${kind}]`)
    assert.deepEqual(await shared.run(tasks.inspectTypes, sent), expected)
  })

  add('gives each of many calls its own result', async ({ shared }) => {
    const numbers = Array.from({ length: 1_000 }, (_, i) => i)
    const results = await Promise.all(
      numbers.map(n => {
        if (n % 3 === 0) return shared.run(tasks.double, n)
        return n % 3 === 1 ? shared.run(tasks.doubleLater, n) : shared.run(tasks.doublePromised, n)
      }),
    )
    assert.deepEqual(
      results,
      numbers.map(n => n * 2),
    )
  })

  add('leaves the task a function that can be called right here', async () => {
    assert.equal(tasks.add(1, 2), 3)
    assert.equal(await tasks.doubleLater(2), 4)
    assert.equal(tasks.add.name, 'add')
    assert.equal(tasks.double.name, 'double')
  })

  add(
    'copies arguments, so that a task cannot change the caller’s values',
    async ({ shared }) => {
      const list = [1, 2]
      assert.equal(await shared.run(tasks.push, list), 3)
      assert.deepEqual(list, [1, 2])
    },
    { needs: ['border'] },
  )

  add(
    'refuses what belongs to the thread that made it, before anything is sent',
    async ({ shared }) => {
      await scope(async s => {
        for (const handle of [s, new Lock({ name: 'db' }), new Queue<number>(), channel<number>()[0], shared]) {
          const refused = { code: 'SKEIN_UNSENDABLE', path: 'arguments[0].handle', message: /belongs to/ }
          await assert.rejects(shared.run(tasks.echo, { handle }), refused)
        }
      })
    },
    { needs: ['border'] },
  )

  add(
    'passes values by reference where there is no border',
    async ({ shared }) => {
      const list = [1, 2]
      assert.equal(await shared.run(tasks.push, list), 3)
      assert.deepEqual(list, [1, 2, 99])
      const key = Symbol('stays itself')
      assert.equal(await shared.run(tasks.echo, key), key)
    },
    { lacks: 'border' },
  )

  add(
    'gives each worker its own copy of the module',
    async ({ open }) => {
      const before = tasks.countHere()
      const executor = open({ workers: 1 })
      assert.equal(await executor.run(tasks.countInModule), 1)
      assert.equal(await executor.run(tasks.countInModule), 2)
      assert.equal(tasks.countHere(), before)
    },
    { needs: ['workers'] },
  )

  add(
    'shares the module with the program where there are no workers',
    async ({ shared }) => {
      const before = tasks.countHere()
      assert.equal(await shared.run(tasks.countInModule), before + 1)
      assert.equal(tasks.countHere(), before + 1)
    },
    { lacks: 'workers' },
  )
})
