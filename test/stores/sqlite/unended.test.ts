import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { sqliteStore } from 'skein/stores/sqlite'
import { claimNow } from '../../support/claim-now.ts'
import { call, inFolder, request } from './folder.ts'

describe('a call in a file that is known not to have ended', () => {
  inFolder('is one that was sent by a program that hears of all ends, until it hears of that one', async file => {
    const [waiting, working] = [await sqliteStore(`sqlite:${file}`), await sqliteStore(`sqlite:${file}`)]
    const { broker, results } = waiting
    await broker.send([call('unheard')])
    let ended: () => void = () => {}
    const stop = results.watch('first', { ended: () => ended() })
    await broker.send([call('first'), call('second'), call('unheard')])
    // With the first message it has said that it listens; what is sent after that counts.
    await broker.send([call('third'), call('second')])
    const known = (): boolean[] => ['unheard', 'first', 'second', 'third'].map(id => results.isUnended?.(id) === true)
    assert.deepEqual(known().slice(-2), [false, true])
    assert.equal(known()[0], false)
    const first = new Promise<void>(resolve => (ended = resolve))
    const claims = await claimNow(working, request)
    await working.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: 'null' })))
    await first
    assert.deepEqual(known(), [false, false, false, false])
    stop()
    await waiting.close()
    await working.close()
  })
})
