import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, chain, chord, chunks, current, group, InvalidArgumentError, loop, starmap, task } from 'skein'

const add = task(import.meta, (a: number, b: number) => a + b, { name: 'add' })
const double = task(import.meta, (n: number) => n * 2, { name: 'double' })
const doubleLater = task(import.meta, async (n: number) => n * 2, { name: 'doubleLater' })
const total = task(import.meta, (ns: readonly number[]) => ns.reduce((a, b) => a + b, 0), { name: 'total' })
const nameHere = task(import.meta, (n: number) => `${n} ${current().name}`, { name: 'nameHere' })
const nameLater = task(
  import.meta,
  async (n: number) => {
    const s = current()
    await Promise.resolve()
    return `${n} ${s.name}`
  },
  { name: 'nameLater' },
)
const refuseThree = task(
  import.meta,
  (n: number) => {
    if (n === 3) throw new RangeError('three')
    return n
  },
  { name: 'refuseThree' },
)

const refuses = (fn: () => unknown, message: RegExp): void =>
  assert.throws(fn, (error: unknown) => error instanceof InvalidArgumentError && message.test(error.message))

describe('the forms of graphs that have a name', () => {
  test('a chain hands each result to the next task', async () => {
    assert.equal(await loop.run(chain(call(add, 1, 2), double, doubleLater, double)), 24)
    assert.equal(await loop.run(chain(await loop.submit(double, 2), double)), 8)
    assert.equal(await loop.run(chain(call(double, 2))), 4)
  })

  test('a chain is nested calls, and no promise', () => {
    const made = chain(call(add, 1, 2), double)
    assert.equal(made.task.name, 'double')
    assert.equal('then' in made, false)
  })

  test('a group has the results of its members, in their order', async () => {
    assert.deepEqual(
      await loop.run(group([call(doubleLater, 1), call(double, 2), await loop.submit(double, 3)])),
      [2, 4, 6],
    )
    assert.deepEqual(await loop.run(group([])), [])
    assert.equal(await loop.run(chain(group([call(double, 1), call(double, 2)]), total)), 6)
  })

  test('a group keeps the members that it was made of', async () => {
    const members = [call(double, 1)]
    const made = group(members)
    members.push(call(double, 2))
    assert.deepEqual(await loop.run(made), [2])
  })

  test('a chord hands the results to a task', async () => {
    assert.equal(await loop.run(chord([call(double, 1), call(doubleLater, 2)], total)), 6)
  })

  test('starmap calls a task for each list of arguments', async () => {
    const lists: [number, number][] = [
      [1, 2],
      [3, 4],
    ]
    assert.deepEqual(await loop.run(starmap(add, lists)), [3, 7])
    assert.deepEqual(await loop.run(starmap(add, [])), [])
  })

  test('chunks has one result for each item, in their order', async () => {
    const items = Array.from({ length: 10 }, (_, n) => n)
    const doubled = items.map(n => n * 2)
    for (const size of [1, 3, 10, 100]) {
      assert.deepEqual(await loop.run(chunks(double, items, size)), doubled)
      assert.deepEqual(await loop.run(chunks(doubleLater, new Set(items), size)), doubled)
    }
    assert.deepEqual(await loop.run(chunks(double, [], 3)), [])
  })

  test('in a chunk there is a current scope for each item', async () => {
    assert.deepEqual(await loop.run(chunks(nameHere, [1, 2], 2)), ['1 nameHere[]', '2 nameHere[]'])
    assert.deepEqual(await loop.run(chunks(nameLater, [1, 2], 2)), ['1 nameLater[]', '2 nameLater[]'])
  })

  test('an item that fails is the failure of its chunk', async () => {
    await assert.rejects(loop.run(chunks(refuseThree, [1, 2, 3, 4], 2)), new RangeError('three'))
  })

  test('what cannot be a part of a graph is refused where it is built', () => {
    refuses(() => group([double] as never), /^Member 0 of group must be a Call or a Job, got the function 'double'/)
    refuses(() => group('ab' as never), /^group needs an array of calls, got 'ab'/)
    refuses(() => chord([call(double, 1), 2] as never, total), /^Member 1 of chord must be a Call or a Job, got 2/)
    refuses(() => chord([call(double, 1)], (() => 0) as never), /^Expected a task/)
    refuses(() => chain(double as never), /^The first of a chain must be a Call or a Job/)
    refuses(() => chain(call(double, 1), call(double, 2) as never), /^Expected a task, got a call of task double/)
    refuses(() => starmap(add, [1] as never), /^starmap needs an array of arguments for each call, got 1 \(number\)/)
    for (const size of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      refuses(() => chunks(double, [1], size), /^size must be an integer from 1 up/)
  })
})
