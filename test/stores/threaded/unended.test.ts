import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Unended } from '#skein/stores/threaded/unended.js'

describe('the calls that are known not to have ended', () => {
  test('are those that were sent while all ends were announced', () => {
    const unended = new Unended()
    unended.add('before')
    unended.hears(true)
    unended.add('a')
    unended.add('b')
    unended.delete('a')
    assert.deepEqual(
      ['before', 'a', 'b'].map(id => unended.has(id)),
      [false, false, true],
    )
  })

  test('are none once ends are not announced any more', () => {
    const unended = new Unended()
    unended.hears(true)
    unended.add('a')
    unended.hears(false)
    unended.hears(true)
    assert.equal(unended.has('a'), false)
  })
})
