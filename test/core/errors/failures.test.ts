import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { splitErrors } from 'skein'

describe('dividing failures', () => {
  test('asks about each error of a group once, by however many ways the group is reached', () => {
    let asked = 0
    let error: AggregateError = new AggregateError([new RangeError('far'), new TypeError('odd')], 'inmost')
    for (let level = 0; level < 60; level++) error = new AggregateError([error, error], 'both')
    const [ranges, others] = splitErrors(error, each => {
      asked++
      return each instanceof RangeError
    })
    assert.equal(asked, 2)
    assert.equal(ranges?.errors.length, 2)
    assert.equal(ranges?.errors[0], ranges?.errors[1])
    assert.equal(others?.message, 'both')
  })

  test('ends with a group that holds itself', () => {
    const group = new AggregateError([new Error('one')], 'round')
    group.errors.push(group)
    const [yes, no] = splitErrors(group, () => true)
    assert.deepEqual(
      yes?.errors.map(each => (each as Error).message),
      ['one'],
    )
    assert.equal(no, undefined)
  })
})
