import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import type { Intake, Store } from 'skein/stores'
import { sqliteStore } from 'skein/stores/sqlite'
import { openShared } from '#skein/queue/open-store.js'
import type { Answer, Told } from '#skein/stores/threaded/messages.js'
import type { Request } from '#skein/stores/sqlite/calls/requests.js'
import { WaitingClaims } from '#skein/stores/sqlite/thread/waiting-claims.js'
import { call, inFolder, request } from './folder.ts'

const waits = (number: number, under: number): Request => [number, ['await', { ...request, places: 10 }, under]]
const numbers = (requests: readonly Request[]): number[] => requests.map(([number]) => number)

let waiting: WaitingClaims
let answers: Answer[]
let told: Told[]

beforeEach(() => {
  waiting = new WaitingClaims()
  answers = []
  told = []
})

describe('claims that wait in the thread of a store', () => {
  test('are tried when they come, and when there may be something', () => {
    assert.deepEqual(numbers(waiting.note([waits(1, 7), [2, ['stats']]], answers)), [2])
    assert.deepEqual(numbers(waiting.due(told)), [1])
    assert.deepEqual(numbers(waiting.due(told)), [])
    told.push(['claimable', 'q'], ['ended', 'a'])
    assert.deepEqual(numbers(waiting.due(told)), [1])
    assert.deepEqual(told, [['ended', 'a']], 'nobody else hears of it')
  })

  test('wait on where there was nothing, and are over with what there was or with a failure', () => {
    waiting.note([waits(1, 7), waits(2, 8), waits(3, 9)], answers)
    const failure = { code: 'SKEIN_STORE_FULL', message: 'full' }
    answers.push([1, []], [2, ['a claim']], [3, undefined, failure], [4, []])
    waiting.settle(answers)
    assert.deepEqual(answers, [
      [2, ['a claim']],
      [3, undefined, failure],
      [4, []],
    ])
    told.push(['claimable'])
    assert.deepEqual(numbers(waiting.due(told)), [1])
  })

  test('are answered with nothing when they are recalled, whether they came just before or wait no more', () => {
    waiting.note([waits(1, 7), [2, ['recall', 7]], [3, ['recall', 7]]], answers)
    assert.deepEqual(answers, [
      [1, []],
      [2, undefined],
      [3, undefined],
    ])
    waiting.settle(answers)
    assert.equal(answers.length, 3)
    told.push(['claimable'])
    assert.deepEqual(waiting.due(told), [])
  })

  inFolder('get what another program sends, and nothing once their intake has stopped', async file => {
    const [taking, sending] = [await sqliteStore(`sqlite:${file}`), await sqliteStore(`sqlite:${file}`)]
    const { limit, ...rest } = request
    let hear: (id: string) => void
    const next = (): Promise<string> => new Promise(resolve => (hear = resolve))
    const intake = taking.broker.intake(rest, {
      claims: claims => claims.forEach(({ id }) => hear(id)),
      cancelling: () => {},
      lost: () => {},
      trouble: () => {},
    })
    intake.want(limit)
    for (const id of ['a', 'b']) {
      const heard = next()
      await sending.broker.send([call(id)])
      assert.equal(await heard, id)
    }
    await intake.stop()
    await sending.broker.send([call('c')])
    assert.equal((await taking.inspector.find('c'))?.state, 'ready')
    intake.close()
    await taking.close()
    await sending.close()
  })

  inFolder('end with the store that they are of, also where its thread goes on for another one', async file => {
    const [closing, staying] = [await openShared(`sqlite:${file}`), await openShared(`sqlite:${file}`)]
    const { limit, ...rest } = request
    const handedOver: string[] = []
    let hear: () => void = () => {}
    const intakeOf = (store: Store): Intake =>
      store.broker.intake(rest, {
        claims: claims => {
          handedOver.push(...claims.map(({ id }) => (store === closing ? `${id} to the closed one` : id)))
          if (store === staying) hear()
        },
        cancelling: () => {},
        lost: () => {},
        trouble: () => {},
      })
    const first = intakeOf(closing)
    first.want(limit)
    // As many ways there and back as it takes until its claims have found nothing and one of them waits, and more.
    for (let n = 0; n < 10; n++) await staying.results.outcome('none')
    await closing.close()
    const heard = new Promise<void>(resolve => (hear = resolve))
    const second = intakeOf(staying)
    second.want(limit)
    await staying.broker.send([call('a')])
    await heard
    assert.deepEqual(handedOver, ['a'])
    await second.stop()
    await first.stop()
    first.close()
    second.close()
    await staying.close()
  })
})
