import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Store, Transfer } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import type { StoreSubject } from 'skein/testing/stores'
import { type Moved, movedOf } from '#skein/testing/stores/moved.js'
import { Probe } from '#skein/testing/stores/probe.js'
import { outgoing } from '#skein/testing/stores/scene.js'
import { commands, type Real } from '../conformance/stores/fuzz/commands.ts'
import { Model } from '../conformance/stores/fuzz/model.ts'
import { memorySubject } from '../conformance/stores/memory-subject.ts'
import { sqliteSubject } from '../conformance/stores/sqlite-subject.ts'
import { TurnableClock } from '../conformance/stores/turnable-clock.ts'

/** The rest of a store without its places, and as it is once nothing runs any more. */
function plain({ calls, members }: Moved): unknown {
  return { calls: calls.map(({ place: _own, running: _handedBack, ...call }) => call), members }
}

/** Random lives of one store, whose rest moves to one of another kind, and from there to a third. */
function moves(from: StoreSubject, to: StoreSubject, numRuns: number): void {
  const { SKEIN_SEED: seed } = process.env
  test(`from ${from.name} to ${to.name} and back, in ${numRuns} random lives`, async () => {
    await fc.assert(
      fc.asyncProperty(commands, async list => {
        const beds = await Promise.all([from, to, from].map(each => each.make()))
        try {
          const [first, second, third] = (await Promise.all(beds.map(bed => bed.open()))) as [Store, Store, Store]
          const [bed] = beds as [(typeof beds)[0]]
          const real = { bed, probe: new Probe(first, bed), claims: [], sent: 0, reported: 0 } as unknown as Real
          await fc.asyncModelRun(() => ({ model: new Model(), real }), list)
          const moved = await movedOf(first)
          for (const store of [second, third]) {
            const outcomes = await (store.transfer as Transfer).take(await movedOf(store === second ? first : second))
            assert.deepEqual(new Set(outcomes), new Set(moved.calls.length > 0 ? ['taken'] : []))
            assert.deepEqual(plain(await movedOf(store)), plain(moved))
          }
        } finally {
          await Promise.all(beds.map(each => each.tearDown()))
        }
      }),
      { numRuns, endOnFailure: false, ...(seed === undefined ? {} : { seed: Number(seed) }) },
    )
  })
}

/** A clock that goes on whenever somebody looks at it. */
class RestlessClock extends TurnableClock {
  override now(): number {
    this.jump(0.75)
    return super.now()
  }
}

describe('moments are the same when they have moved, whatever the clocks do meanwhile', () => {
  const times = {
    delay: 1_000.25,
    expires: 2_000,
    deadline: 3_000,
    unique: { key: 'k', conflict: 'reject', for: 4_000 },
  } as const
  const sent = [
    outgoing({ id: 'delayed', ...times }),
    outgoing({ id: 'held', after: { counter: 'c', members: 1, failure: 'release', limit: 5_000 } }),
    outgoing({ id: 'ready', unique: { key: 'l', conflict: 'reject', for: 1 } }),
  ]

  test('from a memory store to another', async () => {
    await using from = memoryStore({ name: randomUUID(), clock: new RestlessClock() })
    await using to = memoryStore({ name: randomUUID(), clock: new RestlessClock() })
    await from.broker.send(sent)
    const moved = await movedOf(from)
    assert.deepEqual(await (to.transfer as Transfer).take(moved), ['taken', 'taken', 'taken'])
    assert.deepEqual(plain(await movedOf(to)), plain(moved))
  })

  test('into a file, to the whole millisecond', async () => {
    await using from = memoryStore({ name: randomUUID(), clock: new RestlessClock() })
    const bed = await sqliteSubject.make()
    try {
      const to = await bed.open()
      await from.broker.send(sent)
      const moved = await movedOf(from)
      assert.deepEqual(await (to.transfer as Transfer).take(moved), ['taken', 'taken', 'taken'])
      const whole = moved.calls.map(call => ({
        ...call,
        sentAt: Math.floor(call.sentAt),
        dueAt: Math.ceil(call.dueAt),
        ...(call.expiresAt === undefined ? {} : { expiresAt: Math.ceil(call.expiresAt) }),
        ...(call.deadlineAt === undefined ? {} : { deadlineAt: Math.ceil(call.deadlineAt) }),
        ...(call.unique?.until === undefined
          ? {}
          : { unique: { ...call.unique, until: Math.ceil(call.unique.until) } }),
        ...(call.after?.letGoAt === undefined
          ? {}
          : { after: { ...call.after, letGoAt: Math.ceil(call.after.letGoAt) } }),
      }))
      assert.deepEqual(plain(await movedOf(to)), plain({ ...moved, calls: whole }))
    } finally {
      await bed.tearDown()
    }
  })
})

describe('what has not ended is the same when it has moved', () => {
  moves(memorySubject, memorySubject, 40)
  moves(memorySubject, sqliteSubject, 6)
  moves(sqliteSubject, memorySubject, 6)
})
