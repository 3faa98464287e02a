import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type StandardSchema, task } from 'skein'
import { checkArguments, checkResult, definitionOf, type TaskDefinition } from '#skein/call/define/definition.js'
import { eachIdentity, itemIdentity } from '#skein/call/define/each.js'
import { type AnyFunction, identityOf, type TaskIdentity } from '#skein/call/define/identity.js'
import { ownTasks } from '#skein/call/define/own-tasks.js'
import { lookup } from '#skein/call/define/registry.js'
import { durableName } from '#skein/call/define/task-name.js'

const half = task(import.meta, (n: number) => n / 2, { name: 'half' })
const natural = (isLate: boolean): StandardSchema<number> => ({
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: value => {
      const result = (value as number) < 0 ? { issues: [{ message: 'is below zero' }] } : { value: value as number }
      return isLate ? Promise.resolve(result) : result
    },
  },
})
const careful = task(import.meta, (n: number) => n, {
  name: 'careful',
  input: natural(false),
  output: natural(true),
  retryIf: () => false,
})
const identity = identityOf(half) as TaskIdentity

describe('tasks that nobody has to define', () => {
  test("skein's own are found by their names, wherever skein is", () => {
    for (const { identity: each, fn } of ownTasks()) {
      assert.equal(lookup({ ...each }), fn)
      assert.equal(durableName(each), each.name)
    }
    assert.equal(lookup({ url: 'skein:tasks', name: 'skein.none' }), undefined)
    assert.equal(lookup({ url: 'file:///other.js', name: 'skein.group' }), undefined)
  })

  test('each task has one that runs it for every item of a list', async () => {
    const each = eachIdentity(identity)
    assert.deepEqual(each, { url: identity.url, name: 'half[]' })
    assert.deepEqual(itemIdentity(each), { url: identity.url, name: 'half' })
    assert.equal(itemIdentity(identity), undefined)
    assert.equal(typeof lookup(each), 'function')
    assert.equal(lookup(each), lookup({ ...each }) as AnyFunction)
    assert.equal(lookup({ url: identity.url, name: 'none[]' }), undefined)
    assert.equal(durableName(each), 'own-tasks.test.half[]')
  })

  test('what a task says of its argument and its result, that one says of each item', async () => {
    const each = lookup(eachIdentity(identityOf(careful) as TaskIdentity)) as AnyFunction
    const { input, output, retryIf } = definitionOf(each) as TaskDefinition
    assert.deepEqual(await checkArguments(input ?? [], 'careful[]', [[1, 2]]), [[1, 2]])
    const wrong = (): unknown => checkArguments(input ?? [], 'careful[]', [[1, -2]])
    assert.throws(wrong, /The arguments of task careful\[\] do not fit its schema\. argument 0\.1: is below zero/)
    assert.throws(() => checkArguments(input ?? [], 'careful[]', [1]), /argument 0: must be an array of items, got 1/)
    assert.deepEqual(await checkResult(output as StandardSchema, 'careful[]', [3]), [3])
    await assert.rejects(
      async () => checkResult(output as StandardSchema, 'careful[]', [3, -3]),
      /result\.1: is below zero/,
    )
    assert.equal(retryIf?.(new Error('x'), 1), false)
  })
})
