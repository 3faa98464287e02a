import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { scope, signals } from 'skein'

const raise = (name: NodeJS.Signals): void => void process.kill(process.pid, name)

// A handler of a signal alone does not keep the test running.
const alive = setInterval(() => {}, 1e6)
after(() => clearInterval(alive))

describe('signals', () => {
  test('come one after the other, to who waits and to who comes later', async () => {
    await scope(async s => {
      const received = signals(['SIGHUP', 'SIGUSR2'], s)
      const waiting = received.next()
      raise('SIGHUP')
      assert.deepEqual(await waiting, { value: 'SIGHUP', done: false })
      raise('SIGUSR2')
      await s.sleep('5ms')
      assert.deepEqual(await received.next(), { value: 'SIGUSR2', done: false })
    })
    assert.equal(process.listenerCount('SIGHUP') + process.listenerCount('SIGUSR2'), 0)
  })

  test('of one kind that come before they are read, one is kept (scenario 55)', async () => {
    const received = signals(['SIGHUP'])
    const arrived = new Promise(resolve => process.once('SIGUSR2', resolve))
    raise('SIGHUP')
    raise('SIGHUP')
    raise('SIGUSR2')
    await arrived
    await new Promise(setImmediate)
    assert.equal((await received.next()).value, 'SIGHUP')
    let came = false
    void received.next().then(({ done }) => (came = done !== true))
    await new Promise(setImmediate)
    assert.equal(came, false)
    received.close()
  })

  test('leaving the loop closes, and puts the handlers back as they were (scenario 55)', async () => {
    const received = signals(['SIGHUP'])
    raise('SIGHUP')
    for await (const signal of received) {
      assert.equal(signal, 'SIGHUP')
      break
    }
    assert.equal(process.listenerCount('SIGHUP'), 0)
    assert.deepEqual(await received.next(), { value: undefined, done: true })
  })

  test('what has come and was not read is sent once more when it closes (scenario 55)', async () => {
    const received = signals(['SIGHUP'])
    const seen = new Promise(resolve => process.on('SIGHUP', resolve))
    raise('SIGHUP')
    await seen
    const again = new Promise(resolve => process.once('SIGHUP', resolve))
    received.close()
    await again
    process.removeAllListeners('SIGHUP')
  })

  test('a wrong or a second name is refused, and no handler is left (scenario 55)', () => {
    assert.throws(() => signals(['SIGHUP', 'SIGNO' as never]), { code: 'SKEIN_INVALID_ARGUMENT', message: /SIGNO/ })
    assert.throws(() => signals(['SIGHUP', 'SIGHUP']), /twice/)
    assert.throws(() => signals(['SIGKILL']), /cannot be received/)
    assert.throws(() => signals([]), /needs a list/)
    assert.equal(process.listenerCount('SIGHUP'), 0)
  })

  test('who waits is cancelled with its scope', async () => {
    await assert.rejects(
      scope(
        async s => {
          for await (const signal of signals(['SIGHUP'], s)) assert.fail(signal)
        },
        { timeout: 5 },
      ),
      { code: 'SKEIN_TIMEOUT' },
    )
    assert.equal(process.listenerCount('SIGHUP'), 0)
  })
})
