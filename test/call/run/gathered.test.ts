import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Gathered } from '#skein/call/run/gathered.js'

describe('gathered values', () => {
  test('keep their order, whether they come alone or together', () => {
    const gathered = new Gathered()
    assert.deepEqual(gathered.toArray(), [])
    const theirs = [2, 3]
    gathered.add(1)
    gathered.addAll(theirs)
    gathered.add(4)
    gathered.addAll([])
    gathered.add([5, 6])
    assert.deepEqual(gathered.toArray(), [1, 2, 3, 4, [5, 6]])
    assert.deepEqual(theirs, [2, 3], 'what was given is not changed')
  })

  test('may be very many', () => {
    const gathered = new Gathered()
    for (let n = 0; n < 300_000; n++) gathered.addAll([2 * n, 2 * n + 1])
    assert.deepEqual(
      gathered.toArray(),
      Array.from({ length: 600_000 }, (_, n) => n),
    )
  })
})
