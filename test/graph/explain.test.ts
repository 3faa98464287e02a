import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, type Call, chain, explain, InvalidArgumentError, loop, orElse, settle, task } from 'skein'

const load = task(import.meta, (path: string, _bytes?: Uint8Array) => path.length, { name: 'load' })
const half = task(import.meta, (n: number) => n / 2, { name: 'half' })
const add = task(import.meta, (a: number, b: number) => a + b, { name: 'add' })
const total = task(import.meta, (ns: readonly unknown[]) => ns.length, { name: 'total' })

describe('explain', () => {
  test('counts nodes and edges, and puts the nodes on levels', () => {
    const plan = explain(call(total, [chain(call(load, 'a'), half), chain(call(load, 'b'), half), call(load, 'c')]))
    assert.deepEqual([plan.nodes, plan.edges, plan.jobs], [6, 5, 0])
    assert.deepEqual(plan.levels, [
      [{ name: 'load', count: 3 }],
      [{ name: 'half', count: 2 }],
      [{ name: 'total', count: 1 }],
    ])
  })

  test('tells what runs as one and what is shared', () => {
    const shared = call(load, 'a')
    const plan = explain(call(total, [shared, chain(shared, half), chain(call(load, 'b'), half, half)]))
    assert.deepEqual(plan.rows, [{ name: 'load > 2 x half', count: 1 }])
    assert.deepEqual(plan.shared, [{ name: 'load', count: 2 }])
  })

  test('counts the edges that take a failure, and jobs', async () => {
    const job = await loop.submit(half, 1)
    const plan = explain(call(total, [orElse(call(load, 'a'), 0), settle(job), call(load, 'b')]))
    assert.deepEqual([plan.takesFailure, plan.jobs], [2, 1])
  })

  test('adds up the bytes of arguments that are known', () => {
    const small = explain(call(add, call(half, 2), 1)).bytes
    assert.equal(explain(call(add, call(half, 2), call(half, 2))).bytes, small + 4)
    const large = explain(call(total, [call(load, 'a', new Uint8Array(50_000))])).bytes
    assert.ok(large >= 50_000 && large < 50_100, String(large))
  })

  test('says it as text', () => {
    const text = String(
      explain(
        call(
          total,
          ['a', 'b'].map(path => orElse(chain(call(load, path), half), 0)),
        ),
      ),
    )
    assert.equal(
      text,
      `7 nodes, 6 edges, 4 levels, at most 2 side by side
  level 1: 2 x load
  level 2: 2 x half
  level 3: 2 x skein.orElse
  level 4: 1 x total
run as one, in a worker:
  2 x (load > half)
failures: 2 edges of orElse or settle; any other fails the graph
arguments: about 46 bytes, and the results`,
    )
  })

  test('stays short for a graph of a hundred thousand nodes', () => {
    let last: Call<number> = call(half, 1)
    for (let n = 1; n < 100_000; n++) last = n % 2 === 0 ? call(half, last) : call(add, last, n)
    const text = String(explain(last))
    assert.match(text, /^100000 nodes, 99999 edges, 100000 levels, at most 1 side by side\n/)
    assert.ok(text.length < 20_000, String(text.length))
  })

  test('refuses what is not a call, and a circle', () => {
    assert.throws(() => explain(half as never), InvalidArgumentError)
    const list: unknown[] = []
    const whole = call(total, list)
    list.push(whole)
    assert.throws(() => explain(whole), /^InvalidArgumentError: A call is among its own arguments: total > total/)
  })
})
