import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ClaimWindow } from '#skein/queue/worker/window.js'

describe('the claim window', () => {
  test('holds no more than can run while nothing has been measured', () => {
    const window = new ClaimWindow(4)
    assert.equal(window.size, 4)
    assert.equal(window.room(0), 4)
    assert.equal(window.room(4), 0)
  })

  test('holds nothing ahead of jobs that take long', () => {
    const window = new ClaimWindow(2)
    window.ran(1_000)
    assert.equal(window.size, 2)
    assert.equal(window.room(1), 1)
  })

  test('holds very many ahead of jobs that take microseconds, but not without end', () => {
    const window = new ClaimWindow(2)
    window.ran(0.01)
    assert.equal(window.size, 2 + 2_000)
  })

  test('claims again when half of it is free, and then all of it at once', () => {
    const window = new ClaimWindow(2)
    window.ran(0.01)
    assert.equal(window.room(1_500), 0)
    assert.equal(window.room(1_000), 1_002)
  })

  test('claims as soon as a place is free, whatever the half', () => {
    const window = new ClaimWindow(4)
    window.ran(1_000)
    assert.equal(window.room(3), 1)
  })

  test('counts a slow job among quick ones at once, and quick ones after it slowly', () => {
    const window = new ClaimWindow(1)
    for (let n = 0; n < 100; n++) window.ran(0.1)
    const before = window.size
    window.ran(500)
    assert.equal(window.size, 1)
    for (let n = 0; n < 10; n++) window.ran(0.1)
    assert.ok(window.size < before / 10)
  })

  test('holds next to nothing once what it held did not get its turn', () => {
    const window = new ClaimWindow(1)
    window.ran(0.1)
    window.stalled(50)
    assert.equal(window.size, 1)
  })

  test('looks further ahead the longer a claim takes', () => {
    const near = new ClaimWindow(1)
    const far = new ClaimWindow(1)
    for (const window of [near, far]) window.ran(2)
    for (let n = 0; n < 20; n++) far.claimed(50)
    assert.ok(far.size > near.size)
    assert.ok(far.horizon <= 200)
  })
})
