import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { sqliteStore } from 'skein/stores/sqlite'
import { openDriver } from '#skein/stores/sqlite/file/driver.js'
import { Lookout } from '#skein/stores/sqlite/thread/lookout.js'
import { call, inFolder } from './folder.ts'

let version: number | undefined
let looks: number
let lookout: Lookout

const look = (): void => void looks++
const fail = (): void => {
  throw new Error('it cannot be read')
}

beforeEach(() => {
  version = 1
  looks = 0
  lookout = new Lookout(() => version ?? assert.fail('it cannot be read'))
  lookout.around(0, look)
})

describe('what others have written into a file', () => {
  test('is looked at when the bell rings, and now and then all the same', () => {
    version = 2
    lookout.around(lookout.next - 1, look)
    assert.equal(looks, 1, 'only the one at the beginning')
    lookout.ring()
    lookout.around(lookout.next - 1, look)
    assert.equal(looks, 2)
    version = 3
    lookout.around(lookout.next, look)
    assert.equal(looks, 3)
  })

  test('is nothing while the file has the same version', () => {
    lookout.ring()
    lookout.around(1, look)
    lookout.around(lookout.next, look)
    assert.equal(looks, 1)
  })

  test('is looked at again where it could not be read, though nobody has written since', () => {
    version = 2
    lookout.ring()
    lookout.around(1, fail)
    lookout.around(lookout.next, look)
    assert.equal(looks, 2)
    version = undefined
    lookout.around(lookout.next, look)
    assert.equal(looks, 2)
    version = 3
    lookout.around(lookout.next, look)
    assert.equal(looks, 3)
  })

  inFolder('is told where how one of the calls has ended cannot be read', async file => {
    const [waiting, working] = [await sqliteStore(`sqlite:${file}`), await sqliteStore(`sqlite:${file}`)]
    const heard = new Set<string>()
    let hear: () => void = () => {}
    const heardOf = async (id: string): Promise<void> => {
      while (!heard.has(id)) await new Promise<void>(resolve => (hear = resolve))
    }
    const ids = ['unreadable', 'first', 'second', 'third']
    const ended = (id: string) => (): void => {
      heard.add(id)
      hear()
    }
    const stops = ids.map(id => waiting.results.watch(id, { ended: ended(id) }))
    await waiting.broker.send(ids.map(id => call(id)))
    const other = await openDriver(file)
    // Of a call whose line is not known the lines are read again, which fails.
    other.exec(
      `BEGIN; UPDATE skein_call SET line = 99 WHERE id = 'unreadable'; ALTER TABLE skein_line RENAME TO away; COMMIT`,
    )
    await working.inspector.cancel(['unreadable', 'first', 'second'], '"no more"')
    await heardOf('second')
    other.exec('ALTER TABLE away RENAME TO skein_line')
    await working.inspector.cancel(['third'], '"no more"')
    await heardOf('third')
    assert.deepEqual([...heard].toSorted(), ids.toSorted())
    for (const stop of stops) stop()
    other.close()
    await waiting.close()
    await working.close()
  })

  inFolder('is told however much it is', async file => {
    const [waiting, working] = [await sqliteStore(`sqlite:${file}`), await sqliteStore(`sqlite:${file}`)]
    await waiting.broker.send([call('one')])
    let hear: () => void = () => {}
    const heard = new Promise<void>(resolve => (hear = resolve))
    const stop = waiting.results.watch('one', { ended: () => hear() })
    await waiting.results.outcome('one') // with this it has said that it listens
    const other = await openDriver(file)
    other.exec(`BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000)
      INSERT INTO skein_gone SELECT (SELECT sequence FROM skein_meta) + i, 'gone ' || i FROM n;
      UPDATE skein_meta SET sequence = sequence + 600000; COMMIT`)
    await working.inspector.cancel(['one'], '"no more"')
    await heard
    stop()
    other.close()
    await waiting.close()
    await working.close()
  })
})
