import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { call, type Call, chain, graphPathOf, group, type SkeinEvent, WorkerCrashedError } from 'skein'
import { threads } from 'skein/threads'
import { chainArguments, chainFrom, readChain } from '#skein/call/run/graph/fused.js'
import { planGraph } from '#skein/call/run/graph/plan.js'
import { add, double, sum } from '../../../conformance/tasks/values.ts'
import { exitWith } from '../../../conformance/tasks/crashing.ts'

const namesFrom = (whole: Call<unknown>): string[] => {
  const head = planGraph(whole).at(-1)
  assert.ok(head !== undefined)
  return chainFrom(head).map(({ name }) => name)
}

describe('calls in a row', () => {
  test('are one as far as each waits for the one before it alone', () => {
    assert.deepEqual(namesFrom(chain(call(add, 1, 2), double, double)), ['add', 'double', 'double'])
    assert.deepEqual(namesFrom(call(add, 1, call(add, call(double, 3), 2))), ['double', 'add', 'add'])
    assert.deepEqual(namesFrom(call(sum, [call(double, 1)])), ['double'], 'inside of an array it is not alone')
    const shared = call(double, 1)
    assert.deepEqual(namesFrom(call(add, shared, shared)), ['double'])
    assert.deepEqual(namesFrom(group([call(double, 1)])), ['double'])
  })

  test('are not where an option, or an argument that is an object, says more of one', () => {
    assert.deepEqual(namesFrom(call(double, call(double, 1).with({ timeout: '1s' }))), ['double'])
    assert.deepEqual(namesFrom(call(double, call(double, 1)).with({ retries: 1 })), ['double'])
    assert.deepEqual(namesFrom(call(add, call(double, 1), { not: 'a number' } as never)), ['double'])
  })

  test('are so many at most', () => {
    let long = call(double, 1)
    for (let n = 0; n < 1_000; n++) long = call(double, long)
    assert.equal(namesFrom(long).length, 128)
  })

  test('are written into one list, and read out of it', () => {
    const whole = call(
      add,
      'left' as never,
      call(double, call(add, 'a' as never, ['b'] as never) as never),
    ) as Call<unknown>
    const nodes = chainFrom(planGraph(whole).at(-1) as never)
    const read = readChain(structuredClone(chainArguments(nodes)))
    assert.deepEqual(read.head, ['a', ['b']])
    assert.equal(read.length, 3)
    assert.deepEqual([read.taskOf(1).name, read.taskOf(2).name], ['double', 'add'])
    assert.equal(read.taskOf(1).url, whole.task.url)
    assert.deepEqual(read.argumentsOf(1, 'x'), ['x'])
    assert.deepEqual(read.argumentsOf(2, 'y'), ['left', 'y'])
  })
})

describe('on threads, calls in a row', () => {
  const pool = threads({ workers: 1 })
  after(() => pool.close())

  test('count as so many calls', async () => {
    const before = pool.stats().done
    assert.equal(await pool.run(chain(call(double, 1), double, double)), 8)
    assert.equal(pool.stats().done - before, 3)
  })

  test('are told one by one to those who listen', async () => {
    const ended: string[] = []
    const stop = pool.observe((event: SkeinEvent) => {
      if (event.type === 'ended') ended.push(event.task)
    })
    await pool.run(chain(call(double, 1), double, double))
    stop()
    assert.deepEqual(ended, ['values.double', 'values.double', 'values.double'])
  })

  test('share the fate of their worker, and the error says so', async () => {
    const error = await pool.run(chain(call(double, 1), exitWith, double)).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof WorkerCrashedError)
    assert.match(
      error.message,
      /while it ran double .*, or one of the 2 calls behind it in its graph, which ran with it as one/,
    )
    assert.equal(graphPathOf(error), 'double > arguments[0] exitWith > arguments[0] double')
  })
})
