import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { task } from 'skein'
import { eachIdentity, itemIdentity } from '#skein/call/define/each.js'
import { type AnyFunction, identityOf, type TaskIdentity } from '#skein/call/define/identity.js'
import { ownTasks } from '#skein/call/define/own-tasks.js'
import { lookup } from '#skein/call/define/registry.js'
import { durableName } from '#skein/call/define/task-name.js'

const half = task(import.meta, (n: number) => n / 2, { name: 'half' })
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
})
