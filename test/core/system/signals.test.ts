import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { scope, signals } from 'skein'
import { programFolder, runProgram } from '../program.ts'

const raise = (name: NodeJS.Signals): void => void process.kill(process.pid, name)

/** Sends a signal to this program, and resolves when it has come: the system delivers an earlier one before a later one. */
async function arrival(name: NodeJS.Signals): Promise<void> {
  raise(name)
  const after = new Promise(resolve => process.once('SIGUSR2', resolve))
  raise('SIGUSR2')
  await after
  await new Promise(setImmediate)
}

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
      const arrived = new Promise(resolve => process.once('SIGUSR2', resolve))
      raise('SIGUSR2')
      await arrived
      assert.deepEqual(await received.next(), { value: 'SIGUSR2', done: false })
    })
    assert.equal(process.listenerCount('SIGHUP') + process.listenerCount('SIGUSR2'), 0)
  })

  test('55: of one kind that come before they are read, one is kept', async () => {
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

  test('55: leaving the loop closes, and puts the handlers back as they were', async () => {
    const received = signals(['SIGHUP'])
    raise('SIGHUP')
    for await (const signal of received) {
      assert.equal(signal, 'SIGHUP')
      break
    }
    assert.equal(process.listenerCount('SIGHUP'), 0)
    assert.deepEqual(await received.next(), { value: undefined, done: true })
  })

  test('55: what has come and was not read is sent once more when it closes', async () => {
    const received = signals(['SIGHUP'])
    await arrival('SIGHUP')
    const again = new Promise(resolve => process.once('SIGHUP', resolve))
    received.close()
    await again
    assert.equal(process.listenerCount('SIGHUP'), 0)
  })

  test('what somebody else has heard too is not sent to them a second time', async () => {
    let heard = 0
    const hear = (): void => void heard++
    process.on('SIGHUP', hear)
    const received = signals(['SIGHUP'])
    await arrival('SIGHUP')
    received.close()
    await arrival('SIGWINCH') // whose usual effect is none
    process.removeListener('SIGHUP', hear)
    assert.equal(heard, 1)
  })

  test('who waits for one keeps the program running, and who does not, does not', async () => {
    const folder = programFolder()
    const waits = await runProgram(
      folder.path,
      'waits.mjs',
      `
      import { main, signals } from 'skein'
      await main(import.meta, async s => {
        const received = signals(['SIGHUP'], s)
        console.log('ready')
        console.log((await received.next()).value)
      })
    `,
      { signals: [['ready', 'SIGHUP']] },
    )
    const idle = await runProgram(folder.path, 'idle.mjs', `import { signals } from 'skein'; signals(['SIGHUP'])`)
    folder.remove()
    assert.deepEqual([waits.stdout, waits.code, idle.code], ['ready\nSIGHUP\n', 0, 0])
  })

  test('55: a wrong or a second name is refused, and no handler is left', () => {
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
