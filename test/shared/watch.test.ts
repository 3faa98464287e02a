import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { programFolder, runProgram } from '../core/program.ts'

const folder = programFolder()
after(() => folder.remove())

const inDebug = async (name: string, code: string, debug = '1'): Promise<{ stdout: string; stderr: string }> =>
  runProgram(folder.path, name, code, { env: { SKEIN_DEBUG: debug } })

const twoOrders = `
  import { main, task } from 'skein'
  import { SharedMutex, SharedRWLock } from 'skein/shared'
  import { threads } from 'skein/threads'

  export const transfer = task(import.meta, function transfer(from, to) {
    return from.holdSync(() => to.holdSync(() => 'done'))
  })
  export const audit = task(import.meta, function audit(lock, prices) {
    return lock.holdSync(() => prices.readSync(() => 'done'))
  })
  export const reprice = task(import.meta, function reprice(prices, lock) {
    return prices.writeSync(() => lock.holdSync(() => 'done'))
  })

  await main(import.meta, async () => {
    const pool = threads({ workers: 1 })
    const [savings, checking] = [new SharedMutex({ name: 'savings' }), new SharedMutex({ name: 'checking' })]
    console.log(await pool.run(transfer, savings, checking))
    console.log(await pool.run(transfer, checking, savings))
    console.log(await pool.run(transfer, checking, savings))
    const [lock, prices] = [new SharedMutex({ name: 'stock' }), new SharedRWLock({ name: 'prices' })]
    console.log(await pool.run(audit, lock, prices))
    const other = threads({ workers: 1 })
    console.log(await other.run(reprice, prices, lock))
    await Promise.all([pool.close(), other.close()])
  })
`

describe('with SKEIN_DEBUG=1', () => {
  test('two locks that are taken in both orders are warned about before it comes to a deadlock, with all four places', async () => {
    const { stdout, stderr } = await inDebug('orders.mjs', twoOrders)
    assert.equal(stdout, 'done\n'.repeat(5))
    const [first, second, ...others] = stderr.split('SkeinLockOrderWarning').slice(1)
    assert.deepEqual(others, [], stderr)
    assert.match(
      first ?? '',
      /task transfer of thread \d+ asks for mutex 'savings' while it holds mutex 'checking'; but task transfer of thread \d+ has asked for mutex 'checking' while it held mutex 'savings'/,
    )
    assert.equal(first?.match(/transfer.*orders\.mjs:7/g)?.length, 4, first)
    assert.match(second ?? '', /mutex 'stock' while it holds rwlock 'prices'/)
  })

  test('one that waits for long is told, and who does not let go', async () => {
    const { stderr } = await inDebug(
      'starving.mjs',
      `
      import { main, task } from 'skein'
      import { SharedEvent, SharedMutex } from 'skein/shared'
      import { threads } from 'skein/threads'

      export const keep = task(import.meta, function keep(lock, held, until) {
        lock.holdSync(() => (held.set(), until.waitSync()))
      })
      export const want = task(import.meta, function want(lock) {
        lock.holdSync(() => {})
      })

      await main(import.meta, async () => {
        const pool = threads({ workers: 2 })
        const [lock, held, until] = [new SharedMutex({ name: 'stock' }), new SharedEvent(), new SharedEvent()]
        const keeping = pool.run(keep, lock, held, until)
        await held.wait()
        const wanting = pool.run(want, lock)
        const warned = new Promise(resolve => process.once('warning', resolve))
        const here = lock.hold(() => {})
        await warned
        until.set()
        await Promise.all([keeping, wanting, here])
        await pool.close()
      })
    `,
    )
    assert.match(
      stderr,
      /SkeinStarvationWarning: .*has waited for mutex 'stock' for \d+ ms, which thread \d+ has not let go of meanwhile/,
    )
  })
})

test('without it nothing of that is written down', async () => {
  const { stdout, stderr } = await inDebug('plain.mjs', twoOrders, '0')
  assert.equal(stdout, 'done\n'.repeat(5))
  assert.equal(stderr, '')
})
