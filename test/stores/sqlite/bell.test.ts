import assert from 'node:assert/strict'
import { type watch, writeFileSync } from 'node:fs'
import { describe } from 'node:test'
import { sqliteStore } from 'skein/stores/sqlite'
import { Bell } from '#skein/stores/sqlite/file/bell.js'
import { looksItself, Turnstile, wantsControl } from '#skein/stores/sqlite/file/turnstile.js'
import { inFolder } from './folder.ts'

/** What the system says when its watches are used up. */
const none: typeof watch = () => {
  throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' })
}

/** Waits with the program kept running: a bell keeps none. */
async function stayingAwake<T>(promise: Promise<T>): Promise<T> {
  let waiting = true
  setImmediate(function wait() {
    if (waiting) setImmediate(wait)
  })
  try {
    return await promise
  } finally {
    waiting = false
  }
}

describe('the bell beside a file', () => {
  inFolder('is heard when another rings it', async file => {
    writeFileSync(file, '')
    const other = new Bell(`${file}-bell`, file, () => {})
    const rung = new Promise<void>(resolve => {
      const bell = new Bell(`${file}-bell`, file, () => {
        bell.close()
        resolve()
      })
      bell.listen()
    })
    other.ring()
    await stayingAwake(rung)
    other.close()
  })

  inFolder('rings by itself, and says so, where the system has no more watches to give', async file => {
    writeFileSync(file, '')
    const warned = new Promise<Error>(resolve => process.once('warning', resolve))
    let rings = 0
    const rung = new Promise<void>(resolve => {
      const bell = new Bell(`${file}-bell`, file, () => rings++ === 2 && resolve(bell.close()), none)
      bell.listen()
    })
    await stayingAwake(rung)
    assert.equal(rings, 3)
    const { name, message } = await stayingAwake(warned)
    assert.equal(name, 'SkeinStoreWarning')
    assert.match(message, /-bell \(ENOSPC.*raise fs\.inotify/)
  })

  inFolder('is known to ring by itself, in the numbers of the store, whichever program it is in', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    assert.deepEqual((await store.inspector.stats()).programs, { count: 1, looking: 0 })
    const bell = new Bell(`${file}-bell`, file, () => {}, none)
    assert.equal(bell.looksItself, false)
    bell.listen()
    assert.equal(bell.looksItself, true)
    // Another program, as it shows itself.
    const other = new Turnstile(`${file}-turn`, file, () => Number(process.hrtime.bigint()) / 1e6)
    other.show(looksItself | wantsControl)
    assert.deepEqual((await store.inspector.stats()).programs, { count: 2, looking: 1 })
    other.close()
    assert.deepEqual((await store.inspector.stats()).programs, { count: 1, looking: 0 })
    bell.close()
    await store.close()
  })
})
