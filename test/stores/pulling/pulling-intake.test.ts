import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ClosedError } from 'skein'
import { virtualClock, type VirtualClock } from 'skein/testing'
import { type ClaimRequest, PullingIntake, type PullSource } from '#skein/stores/pulling/pulling-intake.js'
import type { Claim } from '#skein/stores/roles/broker.js'
import { type Deferred, deferred, settled } from '../../core/deferred.ts'

const request = { worker: 'w', queues: ['q'], tasks: ['t'], lease: 10_000 }

function claim(id: string): Claim {
  return { id, token: 1, queue: 'q', task: 't', headers: '{}', body: '[]', attempt: 1, deaths: 0, steps: {} }
}

/** A store that has what is put into it, and can wait. */
class Waits implements PullSource {
  ready: Claim[] = []
  readonly asked: string[] = []
  waiting: { readonly limit: number; readonly answer: Deferred<Claim[]> } | undefined
  /** False: a recall is heard, and not answered. */
  answers = true

  async claim({ limit }: ClaimRequest): Promise<Claim[]> {
    this.asked.push(`claim ${limit}`)
    return this.ready.splice(0, limit)
  }

  wait({ limit, places }: ClaimRequest): { claims: Promise<Claim[]>; recall: () => void } {
    this.asked.push(`wait ${limit} ${places}`)
    const answer = deferred<Claim[]>()
    const waiting = { limit, answer }
    this.waiting = waiting
    const recall = (): void => {
      this.asked.push('recall')
      if (this.answers && this.waiting === waiting) this.hand()
    }
    return { claims: answer.promise, recall }
  }

  on(): () => void {
    return () => {}
  }

  /** Hands over to the claim that waits. */
  hand(...claims: Claim[]): void {
    const { answer } = this.waiting ?? {}
    this.waiting = undefined
    answer?.resolve(claims)
  }
}

let clock: VirtualClock
let store: Waits
let heard: string[]
let intake: PullingIntake

beforeEach(() => {
  clock = virtualClock()
  store = new Waits()
  heard = []
  intake = new PullingIntake(store, request, {
    claims: (claims, took) =>
      heard.push(`${claims.map(({ id }) => id).join(' ')} ${took === undefined ? 'waited' : 'asked'}`),
    cancelling: () => {},
    lost: () => {},
    trouble: error => heard.push(String(error)),
  })
})

afterEach(() => {
  intake.close()
  clock.restore()
})

describe('an intake of a store that can wait', () => {
  test('asks first, then leaves a claim there, and again after each that was met', async () => {
    intake.want(3)
    await settled()
    assert.deepEqual(store.asked, ['claim 3', 'wait 3 3'])
    store.hand(claim('a'))
    await settled()
    assert.deepEqual(store.asked, ['claim 3', 'wait 3 3', 'wait 2 2'])
    assert.deepEqual(heard, [' asked', 'a waited'])
  })

  test('asks at once for more where it got all that it had wanted', async () => {
    intake.want(2)
    await settled()
    intake.want(5)
    store.hand(claim('a'), claim('b'))
    await settled()
    assert.deepEqual(store.asked, ['claim 2', 'wait 2 2', 'claim 3', 'wait 3 3'])
  })

  test('takes its claim back when it wants fewer, and leaves the smaller one there', async () => {
    intake.want(3)
    await settled()
    intake.want(3, 1)
    await settled()
    intake.want(1)
    await settled()
    intake.want(0)
    await settled()
    assert.deepEqual(store.asked, ['claim 3', 'wait 3 3', 'recall', 'wait 3 2', 'recall', 'wait 1 1', 'recall'])
    assert.equal(store.waiting, undefined)
    assert.deepEqual(heard, [' asked'], 'nobody hears of a claim that was taken back')
  })

  test('leaves it there when it wants more', async () => {
    intake.want(1)
    await settled()
    intake.want(4)
    await settled()
    assert.deepEqual(store.asked, ['claim 1', 'wait 1 1'])
  })

  test('hands over what came before its claim was taken back, and stops only then', async () => {
    intake.want(1)
    await settled()
    store.answers = false
    let stopped = false
    const stopping = intake.stop().then(() => (stopped = true))
    await settled()
    assert.deepEqual([store.asked.at(-1), stopped], ['recall', false])
    store.hand(claim('a'))
    await stopping
    assert.deepEqual(heard, [' asked', 'a waited'])
    assert.equal(store.waiting, undefined)
  })

  test('looks now and then whether it was forgotten', async () => {
    intake.want(1)
    await settled()
    await clock.advance('7s')
    await settled()
    assert.deepEqual(store.asked.slice(0, 4), ['claim 1', 'wait 1 1', 'recall', 'wait 1 1'])
  })

  test('is not stuck while it waits, but where its claim does not come back', async () => {
    intake.want(1)
    await settled()
    store.answers = false
    await clock.advance('4s')
    assert.equal(intake.health.stuck, false)
    await clock.advance('20s')
    assert.equal(intake.health.stuck, true)
    store.hand()
    await settled()
    assert.equal(intake.health.stuck, false)
  })

  test('says that a claim which waited has failed, and asks again after a pause', async () => {
    intake.want(1)
    await settled()
    store.waiting?.answer.reject(new Error('no disk'))
    await settled()
    assert.deepEqual(heard, [' asked', 'Error: no disk'])
    await clock.advance('1s')
    await settled()
    assert.deepEqual(store.asked, ['claim 1', 'wait 1 1', 'wait 1 1'])
  })

  test('ends without a word when the store is closed', async () => {
    intake.want(1)
    await settled()
    store.waiting?.answer.reject(new ClosedError('It was closed'))
    await settled()
    await clock.advance('1m')
    assert.deepEqual(heard, [' asked'])
    assert.deepEqual(store.asked, ['claim 1', 'wait 1 1'])
  })
})
