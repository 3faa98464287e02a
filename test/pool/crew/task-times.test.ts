import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TaskTimes } from '#skein/pool/crew/task-times.js'

test('a task has one number and one time, by its URL and name, whichever object has them', () => {
  const times = new TaskTimes()
  const first = times.of({ url: 'file:///tasks.js', name: 'first' })
  for (let i = 0; i < 1_000; i++) assert.equal(times.of({ url: 'file:///tasks.js', name: 'first' }), first)
  const others = [
    { url: 'file:///tasks.js', name: 'second' },
    { url: 'file:///others.js', name: 'first' },
  ]
  assert.deepEqual(
    [...others, ...others].map(each => times.of(each).index),
    [1, 2, 1, 2],
  )
  assert.equal(first.index, 0)
})
