import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { call, chunks, InvalidArgumentError, loop, starmap, task } from 'skein'
import { processes } from 'skein/processes'
import { connect, contract, queueIn, work } from 'skein/queue'
import { memoryStore } from 'skein/stores/memory'
import { threads } from 'skein/threads'
import { readJson } from '#skein/celery/read-json.js'

// oxlint-disable-next-line no-explicit-any
type Loose = any

const add = contract<(x: number, y: number) => number>('proj.add')
const own = task(import.meta, (x: number, y: number) => x + y, { name: 'proj.add' })

/** The message of a call, as a worker in another language gets it. */
async function messageOf(submit: (queue: ReturnType<typeof queueIn>) => Promise<unknown>): Promise<Loose> {
  const store = memoryStore()
  const queue = queueIn(store)
  await submit(queue)
  const [job] = await store.inspector!.list({})
  await queue.close()
  await store.close()
  return {
    task: job!.task,
    queue: job!.queue,
    headers: JSON.parse(job!.headers) as unknown,
    text: job!.body,
    body: readJson(job!.body),
  }
}

describe('a contract', () => {
  test('is a call of a task that another program runs', async () => {
    const url = 'memory:contract-run'
    const queue = await connect(url)
    const worker = await work({ store: url, tasks: [own], on: 'loop' })
    assert.equal(await queue.run(add, 1, 2), 3)
    const job = await queue.submit(call(add, 3, 4).with({ priority: 9 }))
    assert.equal(await job.result(), 7)
    const results: number[] = []
    for await (const each of queue.map(contract<(x: number) => number>('proj.add'), [1, 2])) results.push(each)
    assert.equal(results.length, 2)
    const both = await queue.run(
      starmap(add, [
        [1, 2],
        [3, 4],
      ]),
    )
    assert.deepEqual(both, [3, 7])
    await worker.close()
    await queue.close()
  })

  test('is known by the name that it was given, dot or not', async () => {
    for (const name of ['add', 'proj.tasks.add', 'größe/2']) {
      const { task: known, headers } = await messageOf(queue => queue.submit(contract<() => void>(name)))
      assert.deepEqual([known, headers.task], [name, name])
    }
  })

  test('has the message of Celery, and nothing that only a reader here knows', async () => {
    const date = new Date(0)
    const echo = contract<(...values: unknown[]) => unknown>('proj.echo')
    const values = [date, new Uint8Array([1]), Buffer.from([2]), 5n, undefined, [1, { a: null }], Number.NaN]
    const { headers, text } = await messageOf(queue => queue.submit(echo, ...(values as never[])))
    assert.equal(
      text,
      '[[{"__type__":"datetime","__value__":"1970-01-01T00:00:00.000000+00:00"},{"__type__":"base64","__value__":"AQ=="}' +
        ',{"__type__":"base64","__value__":"Ag=="},5,null,[1,{"a":null}],NaN],{}' +
        ',{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]',
    )
    assert.deepEqual(
      Object.keys(headers).filter(name => name.startsWith('skein')),
      [],
    )
  })

  test('has keyword arguments in its last argument, if it says so', async () => {
    const scale = contract<(x: number, options?: { by?: number; unit?: string }) => number>('proj.scale', {
      keywords: true,
    })
    const sent = async (...args: Parameters<typeof scale>): Promise<Loose> =>
      messageOf(queue => queue.submit(scale, ...args))
    const { body, headers } = await sent(2, { by: 3, unit: 'm' })
    assert.deepEqual(body.slice(0, 2), [[2], { by: 3, unit: 'm' }])
    assert.deepEqual([headers.argsrepr, headers.kwargsrepr], ['(2,)', "{'by': 3, 'unit': 'm'}"])
    assert.deepEqual((await sent(2)).body.slice(0, 2), [[2], {}])
    const plain = contract<(x: number, options: { by: number }) => number>('proj.scale')
    const { body: without } = await messageOf(queue => queue.submit(plain, 2, { by: 3 }))
    assert.deepEqual(without.slice(0, 2), [[2, { by: 3 }], {}])
  })

  test('keeps whole numbers floats where it says so', async () => {
    type Shape = (x: number, list: readonly number[], options: { by: number; n: number }) => number
    const sent = async (floats: boolean | readonly (number | string)[]): Promise<string> => {
      const shape = contract<Shape>('proj.shape', { keywords: true, floats })
      const { text } = await messageOf(queue => queue.submit(shape, 1, [2, -0, 0.5, 1e21, Number.NaN], { by: 3, n: 4 }))
      return text.slice(0, text.indexOf(',{"callbacks'))
    }
    assert.equal(await sent(true), '[[1.0,[2.0,-0.0,0.5,1e+21,NaN]],{"by":3.0,"n":4.0}')
    assert.equal(await sent([0, 'by']), '[[1.0,[2,-0.0,0.5,1e+21,NaN]],{"by":3.0,"n":4}')
    assert.equal(await sent([1]), '[[1,[2.0,-0.0,0.5,1e+21,NaN]],{"by":3,"n":4}')
    assert.equal(await sent(false), '[[1,[2,-0.0,0.5,1e+21,NaN]],{"by":3,"n":4}')
  })

  test('keeps them floats in a list with a hole, and has what else is in a list refused as ever', async () => {
    const echo = contract<(value: unknown) => unknown>('proj.echo', { floats: true })
    const holed: number[] = [1]
    holed[2] = 3
    const { text } = await messageOf(queue => queue.submit(echo, holed as never))
    assert.match(text, /^\[\[\[1\.0,null,3\.0\]\],/)
    for (const value of [Object.assign([1], { more: 2 }), new Array(2 ** 32 - 1)]) {
      await assert.rejects(
        messageOf(queue => queue.submit(echo, value as never)),
        { code: 'SKEIN_UNSENDABLE', path: 'arguments[0]' },
      )
    }
  })

  test('has a queue of its own, if it says so, for the calls that name none', async () => {
    const store = contract<(value: number) => void>('proj.store', { queue: 'python' })
    const queueOf = async (...[given]: Parameters<typeof messageOf>): Promise<string> => (await messageOf(given)).queue
    assert.equal(await queueOf(queue => queue.submit(store, 1)), 'python')
    assert.equal(await queueOf(queue => queue.submit(call(store, 1).with({ queue: 'other' }))), 'other')
    assert.equal(await queueOf(queue => queue.submit(add, 1, 2)), 'default')
    const { text } = await messageOf(queue => queue.submit(call(own, 1, 2).with({ onDone: store })))
    assert.match(text, /"task":"proj\.store","args":\[\],"kwargs":\{\},"options":\{"queue":"python"\}/)
  })

  test('that follows another call is written by its terms, too', async () => {
    const store = contract<(value: number, x: number, options: { by: number }) => void>('proj.store', {
      keywords: true,
      floats: true,
    })
    const { text } = await messageOf(queue =>
      queue.submit(call(own, 1, 2).with({ onDone: call(store as Loose, 5, { by: 1 }) })),
    )
    assert.match(text, /"task":"proj\.store","args":\[5\.0\],"kwargs":\{"by":1\.0\},"options":\{\}/)
  })

  test('refuses what Python has not, with its place', async () => {
    const echo = contract<(value: unknown, options?: object) => unknown>('proj.echo', { keywords: true })
    const values: readonly (readonly [unknown, string])[] = [
      [new Map([[1, 2]]), 'arguments[0]'],
      [{ deep: [new Set([1])] }, 'arguments[0].deep[0]'],
      [/a/, 'arguments[0]'],
      [new TypeError('x'), 'arguments[0]'],
      [new Float64Array(1), 'arguments[0]'],
      [new Date(Number.NaN), 'arguments[0]'],
    ]
    for (const [value, path] of values) {
      // An object alone would be the keyword arguments.
      await assert.rejects(
        messageOf(queue => queue.submit(echo, value as never, {})),
        { code: 'SKEIN_UNSENDABLE', path },
      )
    }
    await assert.rejects(
      messageOf(queue => queue.submit(echo, 1, { a: new Map() })),
      { path: 'kwargs.a' },
    )
    await assert.rejects(
      messageOf(queue => queue.submit(echo, { __type__: 'x', __value__: 1 } as never, {})),
      {
        code: 'SKEIN_UNSENDABLE',
      },
    )
    const cycle: unknown[] = []
    cycle.push(cycle)
    const floats = contract<(value: unknown) => unknown>('proj.echo', { floats: true })
    for (const value of [cycle, Array.from({ length: 10_000 }).reduce<unknown>(inner => [inner], 1)]) {
      await assert.rejects(
        messageOf(queue => queue.submit(floats, value as never)),
        { code: 'SKEIN_UNSENDABLE' },
      )
    }
  })

  test('refuses what a task in another language cannot be asked for', async () => {
    const asked: readonly (readonly [Loose, RegExp])[] = [
      [call(add, 1, 2).with({ retries: 3 }), /cannot have the option retries.+autoretry_for/],
      [call(add, call(own, 1, 2), 3), /A call or a job is among the arguments of task proj\.add/],
    ]
    for (const [given, words] of asked) {
      await assert.rejects(
        messageOf(queue => queue.submit(given)),
        { code: 'SKEIN_INVALID_ARGUMENT', message: words },
      )
    }
    await messageOf(queue =>
      queue.submit(call(add, 1, 2).with({ retries: 0, timeout: '1s', delay: '1s', tags: ['a'] })),
    )
    const values = contract<() => Generator<number>>('proj.values')
    const queue = await connect('memory:contract-stream')
    await assert.rejects(queue.stream(values).next(), /has no values to stream/)
    await queue.close()
  })
})

describe('a contract has no function here', () => {
  const pools = [threads({ workers: 1 }), processes({ workers: 1 })]
  after(() => Promise.all(pools.map(pool => pool.close())))

  for (const executor of [loop, ...pools]) {
    test(`and is refused before it is sent anywhere: ${executor.kind}`, async () => {
      const refused = {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /Task proj\.add is a contract.+Submit it to a durable queue/,
      }
      await assert.rejects(executor.run(add, 1, 2), refused)
      await assert.rejects(executor.submit(call(add, 1, 2)), refused)
      await assert.rejects(executor.run(call(own, call(add, 1, 2), 3)), refused)
      assert.throws(() => executor.map(contract<(x: number) => number>('proj.add'), [1]), refused)
      assert.throws(() => executor.stream(contract<() => Generator<number>>('proj.add')), refused)
    })
  }

  test('so that it cannot be called, nor run for each item of a list', () => {
    assert.throws(() => add(1, 2), /Task proj\.add is a contract/)
    assert.throws(() => chunks(contract<(x: number) => number>('proj.add'), [1, 2], 2), InvalidArgumentError)
  })
})

describe('a contract is made of', () => {
  test('a name', () => {
    for (const name of ['', 'a[]', 5, null, undefined] as Loose[]) {
      assert.throws(() => contract(name), { code: 'SKEIN_TASK_DEFINITION' })
    }
    assert.throws(() => contract('half \ud800'), { code: 'SKEIN_INVALID_ARGUMENT' })
  })

  test('and options that are known', () => {
    for (const options of [
      { keyword: true },
      { keywords: 1 },
      { floats: 'x' },
      { queue: '' },
      { queue: 5 },
      { floats: [-1] },
      { floats: [0.5] },
      5,
    ] as Loose[]) {
      assert.throws(() => contract('a', options), { code: 'SKEIN_INVALID_ARGUMENT' })
    }
  })

  test('among which is the schema of its arguments', async () => {
    const positive = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) =>
          (value as number) > 0 ? { value: value as number } : { issues: [{ message: 'too small' }] },
      },
    } as const
    const checked = contract<(x: number) => number>('proj.checked', { input: positive })
    await assert.rejects(
      messageOf(queue => queue.submit(checked, -1)),
      { code: 'SKEIN_VALIDATION' },
    )
    await messageOf(queue => queue.submit(checked, 1))
  })
})
