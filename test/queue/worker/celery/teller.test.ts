import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Remote } from '#skein/stores/roles/remote.js'
import type { Attempt } from '#skein/queue/worker/attempt.js'
import { FleetClock } from '#skein/queue/worker/celery/clock.js'
import { FleetTeller } from '#skein/queue/worker/celery/teller.js'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
const began = (id: string): Attempt => ({ claim: { id } }) as Attempt

/** A teller, and what it has told. */
function tellerWith(onTell: () => void = () => {}): { teller: FleetTeller; told: string[] } {
  const told: string[] = []
  const remote = {
    async tell(events: readonly { readonly body: string }[]) {
      told.push(...events.map(({ body }) => body))
      onTell()
    },
  }
  return { teller: new FleetTeller(remote as unknown as Remote, 'w@host', new FleetClock()), told }
}

describe('what a worker tells its fleet', () => {
  test('goes out also where it comes at the very moment at which all before it has', async () => {
    for (let after = 0; after < 30; after++) {
      let isFirst = true
      const { teller, told } = tellerWith(() => {
        if (!isFirst) return
        isFirst = false
        let soon = Promise.resolve()
        for (let n = 0; n < after; n++) soon = soon.then(() => {})
        void soon.then(() => teller.started(began('second')))
      })
      teller.started(began('first'))
      for (let n = 0; n < 10; n++) await turn()
      const text = told.join('\n')
      assert.match(text, /"first"/)
      assert.match(text, /"second"/, `added ${after} steps after the first was told`)
    }
  })

  test('is told in turn, all of one turn together', async () => {
    const { teller, told } = tellerWith()
    for (const id of ['a', 'b', 'c']) teller.started(began(id))
    await turn()
    await turn()
    assert.equal(told.length, 1)
    assert.deepEqual(
      [...(told[0] as string).matchAll(/"uuid": ?"(\w)"/g)].map(([, id]) => id),
      ['a', 'b', 'c'],
    )
  })
})
