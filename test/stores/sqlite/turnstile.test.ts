import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe } from 'node:test'
import { Turnstile } from '#skein/stores/sqlite/file/turnstile.js'
import { inFolder } from './folder.ts'

describe('the turnstile beside a file', () => {
  inFolder('asks the clock once when it looks at all places, since that is done with each commit', async file => {
    writeFileSync(file, '')
    let asked = 0
    const now = (): number => 1_000 + ++asked
    const turnstile = new Turnstile(`${file}-turn`, file, now)
    const other = new Turnstile(`${file}-turn`, file, now)
    other.show(5)
    const before = asked
    assert.equal(turnstile.wanted(), 5)
    assert.equal(asked - before, 1)
    turnstile.close()
    other.close()
  })

  inFolder('gives each its own place, also on a machine that was started a moment ago', async file => {
    writeFileSync(file, '')
    const [first, ...others] = Array.from({ length: 100 }, () => new Turnstile(`${file}-turn`, file, () => 1_000))
    for (const [n, other] of others.entries()) other.show(n === 0 ? 4 : 1)
    assert.equal(first?.wanted(), 5)
    assert.deepEqual(first?.programs(), { count: 99, looking: 0 })
    for (const each of [first, ...others]) each?.close()
  })
})
