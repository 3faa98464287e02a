import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { NextDue } from '#skein/stores/sqlite/thread/next-due.js'

let asked: number
let due: { wall: number; steady: number } | undefined
let next: NextDue

beforeEach(() => {
  asked = 0
  due = { wall: 5_000, steady: Infinity }
  next = new NextDue(() => {
    asked++
    if (due === undefined) throw new Error('it cannot be read')
    return due
  })
})

describe('what is due next in a file', () => {
  test('is asked for once, as long as nobody has written', () => {
    assert.equal(next.wait(1_000, 0), 4_000)
    assert.equal(next.wait(2_000, 1_000), 3_000)
    assert.equal(asked, 1)
  })

  test('is asked for at once after what may be due sooner', () => {
    next.wait(1_000, 0)
    due = { wall: 1_010, steady: Infinity }
    next.mayBeSooner()
    assert.equal(next.wait(1_000, 1), 10)
    assert.equal(asked, 2)
  })

  test('is asked for a little later where others have written, and not after each of them', () => {
    next.wait(1_000, 0)
    due = { wall: Infinity, steady: 30 }
    for (let time = 1; time < 20; time++) {
      next.mayBeOther()
      assert.equal(next.wait(1_000 + time, time), 20 - time, 'it wakes in time to ask')
    }
    assert.equal(asked, 1)
    assert.equal(next.wait(1_020, 20), 10)
    assert.equal(asked, 2)
  })

  test('is reached by either clock, and not known after that until the file was asked', () => {
    due = { wall: 5_000, steady: 70 }
    next.ask(0)
    assert.deepEqual([next.isReached(4_999, 69), next.isReached(5_000, 0), next.isReached(0, 70)], [false, true, true])
    next.forget()
    assert.equal(next.isReached(5_000, 70), false)
    due = { wall: 6_000, steady: 71 }
    assert.equal(next.wait(5_000, 70), 1)
  })

  test('is asked for again and again where the file cannot be read', () => {
    due = undefined
    assert.equal(next.wait(0, 0), Infinity)
    due = { wall: 7, steady: Infinity }
    assert.equal(next.wait(0, 0), 7)
  })
})
