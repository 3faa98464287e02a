import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeepAlive } from '#skein/pool/crew/keep-alive.js'
import { holds } from '../../conformance/files.ts'

/** How many timers keep this program alive. */
const timers = (): number => process.getActiveResourcesInfo().filter(each => each === 'Timeout').length

test('a pool keeps the program alive with one timer while there is something to do, and not much longer', async () => {
  const keepAlive = new KeepAlive()
  const before = timers()
  keepAlive.add()
  keepAlive.add()
  assert.equal(timers(), before + 1)
  keepAlive.remove()
  keepAlive.remove()
  assert.equal(keepAlive.isHeld, true)
  keepAlive.add()
  keepAlive.remove()
  await holds(() => !keepAlive.isHeld)
  assert.ok(timers() <= before)
  keepAlive.add()
  assert.equal(keepAlive.isHeld, true)
  keepAlive.remove()
  await holds(() => !keepAlive.isHeld)
})
