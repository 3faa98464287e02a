import { checkCalls, checkClaims, checkIntake, checkSettlements, checkSpan } from '../../check.ts'
import { crashPoint } from '../../crash-point.ts'
import { type ClaimRequest, PullingIntake, type WaitingClaim } from '../../pulling/pulling-intake.ts'
import { tooLarge, tooLargeNext } from '../../refusals.ts'
import { damagedStory, expiredStory } from '../../story.ts'
import type {
  Broker,
  BrokerAbility,
  Claim,
  HeldClaim,
  Intake,
  IntakeReceiver,
  IntakeRequest,
  Settlement,
  WriteOutcome,
} from '../../roles/broker.ts'
import type { OutgoingCall, SendOutcome } from '../../roles/calls.ts'
import { ClosedError } from '../../../core/errors/errors.ts'
import { type Answer, outcomeOf, oversize } from '../wire/answers.ts'
import { isPlain, pagesOf, weightOf, weightOfAll, Writing } from '../arguments.ts'
import { aftermathInStore } from '../canvas.ts'
import { pausedIn, takenOf } from '../claims.ts'
import { Door } from '../connection/doors.ts'
import type { Handle } from '../handle.ts'
import type { OwnClaim } from '../leases/held.ts'
import { listOf } from '../scripts/script.ts'
import { blame, renew } from '../scripts/hold.ts'
import { claim } from '../scripts/claim.ts'
import { send } from '../scripts/send.ts'
import { settle } from '../scripts/settle.ts'
import { listsOf } from '../../../celery/redis-keys.ts'
import { dueChannel, handleChannel } from '../wire/channels.ts'
import { rateName } from '../wire/limit-names.ts'

/** The most calls that one script takes: while it does, the server answers nobody else. */
const mostClaimed = 250

/** The broker of a store on Redis, in kombu's layout. */
export class RedisBroker implements Broker {
  readonly can: ReadonlySet<BrokerAbility> = new Set<BrokerAbility>([
    'next',
    'once',
    'leases',
    'unique',
    'limit',
    'rates',
    'undo',
    'canvas',
  ])
  readonly durability: Broker['durability']
  readonly #store: Handle
  readonly #doors = new Map<string, Door>()
  readonly #waiting = new Set<(error: Error) => void>()
  /** The queues that were paused when they were last asked. */
  readonly #paused = new Set<string>()
  readonly #tasks = new Set<string>()
  /** @internal True for a task of a worker that has taken calls here. */
  readonly knows = (task: string): boolean => this.#tasks.has(task)

  constructor(store: Handle) {
    this.#store = store
    this.durability = store.place.copies?.onDisk ? 'full' : 'relaxed'
  }

  async send(calls: readonly OutgoingCall[]): Promise<SendOutcome[]> {
    const { name, settings } = this.#mustBeOpen()
    checkCalls(calls, this.#store)
    const outcomes: (SendOutcome | undefined)[] = calls.map(call => oversize(call, settings.maxBytes))
    // One that is not kept is told of, too, where others wait for it.
    const due = calls
      .map((call, at) => ({ call, at, isLarge: outcomes[at] !== undefined }))
      .filter(({ call, isLarge }) => !isLarge || call.counts !== undefined)
    const unheard = this.#store.results.unheard(calls.map(({ id }) => id))
    for (const page of pagesOf(due, ({ call }) => weightOf(call))) {
      const writing = new Writing(name)
      const given = page.flatMap(({ call, isLarge }) => writing.call(call, isLarge))
      const answers = await this.#store.change<Answer>(send, [page.length, ...given], writing)
      for (const [index, { call, at }] of page.entries()) outcomes[at] ??= outcomeOf(answers[index] as Answer, call)
    }
    void this.#store.results.missed(unheard)
    if (calls.some(({ delay, after }) => delay > 0 || after?.limit !== undefined)) this.#store.keeper.due()
    return outcomes as SendOutcome[]
  }

  intake(request: IntakeRequest, receiver: IntakeReceiver): Intake {
    const store = this.#mustBeOpen()
    checkIntake(request, store)
    const { prefix } = store.place
    for (const task of request.tasks) this.#tasks.add(task)
    const unlisten = store.listening.want([prefix + handleChannel + store.name, prefix + dueChannel])
    const ends = store.keeper.takes()
    const intake = new PullingIntake(
      {
        most: mostClaimed,
        claim: each => this.#claim(each),
        wait: each => this.#wait(each),
        on: (signal, listener) => store.listeners.on(signal, listener),
      },
      // The lists are listened to themselves, and each time anew after a while.
      { ...request, pulse: false },
      receiver,
    )
    let closed = false
    return {
      get health() {
        return intake.health
      },
      want: (count, ahead) => intake.want(count, ahead),
      stop: () => intake.stop(),
      close: () => {
        intake.close()
        if (closed) return
        closed = true
        ends()
        unlisten()
      },
    }
  }

  async settle(settlements: readonly Settlement[]): Promise<WriteOutcome[]> {
    const { settings, held, name, listeners } = this.#mustBeOpen()
    checkSettlements(settlements, this.#store)
    const outcomes = settlements.map((each): WriteOutcome | undefined => refusal(each, settings.maxBytes))
    const due = settlements.map((settlement, at) => ({ settlement, at })).filter(({ at }) => outcomes[at] === undefined)
    crashPoint('during-ack')
    for (const page of pagesOf(due, ({ settlement }) => 1 + weightOfAll(settlement.next))) {
      const writing = new Writing(name)
      const given = writing.settlements(page.map(({ settlement }) => settlement))
      const answers = await this.#store.change<'ok' | 'lost'>(settle, given, writing)
      for (const [index, { settlement, at }] of plainFirst(page).entries()) {
        outcomes[at] = answers[index] as 'ok' | 'lost'
        held.delete(settlement)
        // One who has begun to listen in this program may not be heard of by the server yet.
        const ends = settlement.kind !== 'retry' && settlement.kind !== 'release'
        if (outcomes[at] === 'ok') listeners.tell(ends ? 'ended' : 'reported', settlement.id)
      }
    }
    crashPoint('after-ack')
    if (settlements.some(isDueLater)) this.#store.keeper.due()
    return outcomes as WriteOutcome[]
  }

  async renew(claims: readonly HeldClaim[], lease: number): Promise<WriteOutcome[]> {
    const { link } = this.#mustBeOpen()
    checkClaims(claims)
    checkSpan(lease, 'The lease', 1)
    const given = claims.flatMap(({ id, token }) => [id, token, Math.ceil(lease)])
    const outcomes = listOf<string>(await link.run(renew, [claims.length, ...given]))
    return outcomes.map(each => (each === 'lost' ? 'lost' : 'ok'))
  }

  async blame(claims: readonly HeldClaim[], blamed: boolean): Promise<WriteOutcome[]> {
    const { link } = this.#mustBeOpen()
    checkClaims(claims)
    const given = claims.flatMap(({ id, token }) => [blamed ? 1 : 0, id, token])
    return listOf(await link.run(blame, [claims.length, ...given]))
  }

  /** @internal Those who wait for calls hear that the store is closed. */
  stopWaiting(): void {
    for (const stop of this.#waiting) stop(new ClosedError(`The store ${this.#store.url} has been closed`))
  }

  /** @internal The lists at which somebody has waited for a while. */
  awaited(): string[] {
    return [...this.#doors].filter(([, door]) => door.waits).map(([list]) => list)
  }

  /** @internal There is something in these. */
  heedFull(lists: readonly string[]): void {
    for (const list of lists) this.#doors.get(list)?.doubt()
  }

  /** @internal Those who wait go another way. */
  renewWaiting(): void {
    for (const door of this.#doors.values()) door.renew()
  }

  /** @internal */
  close(): void {
    for (const door of this.#doors.values()) door.close()
    this.#doors.clear()
  }

  #mustBeOpen(): Handle {
    this.#store.mustBeOpen()
    return this.#store
  }

  /** Takes what there is. What is not to be run now, or at all, is seen to, and not handed over. */
  async #claim(request: ClaimRequest): Promise<Claim[]> {
    const { link, held, settings, keeper, name, listening, place } = this.#mustBeOpen()
    const { worker, limit, places, lease, queues, keep = true } = request
    const hears = listening.hears(place.prefix + handleChannel + name)
    const rates = Object.entries(request.rates ?? {}).flatMap(([task, { count, per }]) => [
      task,
      rateName(task),
      count,
      per,
    ])
    const asked = [...new Set(queues)]
    const given = [worker, limit, places, Math.ceil(lease), rates.length / 4, ...rates, ...asked]
    const answer = (await link.run(claim, given)) as string[]
    const paused = pausedIn(answer)
    for (const queue of queues) {
      if (paused.has(queue)) this.#paused.add(queue)
      else this.#paused.delete(queue)
    }
    const claims: Claim[] = []
    const kept: OwnClaim[] = []
    const others: Settlement[] = []
    for (const each of takenOf(answer, asked, settings.maxBytes, settings.maxDeaths)) {
      const { id, token } = each.claim
      if (each.is === 'claim') {
        const own = { id, token, lease: Math.ceil(lease), keeps: keep }
        held.add(own)
        if (keep) kept.push(own)
        claims.push(each.claim)
      } else if (each.is === 'early') others.push({ id, token, kind: 'release', delay: each.delay })
      else if (each.is === 'expired') {
        const canvas = aftermathInStore(each.claim, { state: 'cancelled', error: expiredStory }, this.knows)
        others.push({ id, token, kind: 'cancelled', error: expiredStory, ...(canvas ? { canvas } : {}) })
      } else others.push({ id, token, kind: 'dead', error: damagedStory(each.why) })
    }
    if (others.length > 0) {
      const writing = new Writing(name)
      await this.#store.change(settle, writing.settlements(others))
      keeper.due()
    }
    if (kept.length > 0) this.#store.keep(kept)
    // Somebody may have asked them to stop, or resumed a queue, before that could be heard.
    if (!hears) {
      void listening.settled().then(() => {
        if (claims.length > 0) void this.#store.heed()
        if (paused.size > 0) this.#store.listeners.tell('claimable')
      })
    }
    return claims
  }

  /** Waits at the lists of all queues until there is something, and takes it if nobody else has. */
  #wait(request: ClaimRequest): WaitingClaim {
    let recalled = false
    let signalled = false
    let ring = (): void => {}
    const unlisten = this.#store.listeners.on('claimable', () => {
      signalled = true
      ring()
    })
    let refuse: (error: Error) => void = () => {}
    const closed = new Promise<never>((_, reject) => {
      refuse = reject
      this.#waiting.add(reject)
    })
    const take = async (): Promise<Claim[]> => {
      for (;;) {
        if (recalled) return []
        if (!signalled) await Promise.race([this.#rung(request.queues, listener => (ring = listener)), closed])
        if (recalled) return []
        signalled = false
        const claims = await this.#claim(request)
        if (claims.length > 0) return claims
      }
    }
    const claims = take().finally(() => {
      unlisten()
      this.#waiting.delete(refuse)
    })
    closed.catch(() => {})
    return {
      claims,
      recall: () => {
        recalled = true
        ring()
      },
    }
  }

  /** Resolves once there may be something in a list of these queues, or when it is called off. */
  async #rung(queues: readonly string[], callOff: (ring: () => void) => void): Promise<void> {
    const stops: (() => void)[] = []
    try {
      await new Promise<void>(resolve => {
        callOff(resolve)
        for (const queue of new Set(queues)) {
          // There may be something in it, which is not to be taken. Who resumes it says so.
          if (this.#paused.has(queue)) continue
          for (const list of listsOf(queue)) stops.push(this.#door(list).listen(resolve))
        }
      })
    } finally {
      for (const stop of stops) stop()
    }
  }

  #door(list: string): Door {
    const { connection, prefix, url } = this.#store.place
    let door = this.#doors.get(list)
    if (door === undefined) this.#doors.set(list, (door = new Door(prefix + list, connection, url)))
    return door
  }
}

/** In the order in which they are answered. */
function plainFirst<T extends { readonly settlement: Settlement }>(page: readonly T[]): T[] {
  const plain = page.filter(({ settlement }) => isPlain(settlement))
  return [...plain, ...page.filter(({ settlement }) => !isPlain(settlement))]
}

/** True for an attempt whose call goes on by itself after a time. */
function isDueLater(settlement: Settlement): boolean {
  if (settlement.kind !== 'retry' && settlement.kind !== 'release') return false
  return (settlement.delay ?? 0) > 0 || (settlement.kind === 'release' && settlement.after?.limit !== undefined)
}

function refusal(settlement: Settlement, most: number): WriteOutcome | undefined {
  return (
    tooLarge(textOf(settlement), most) ??
    tooLargeNext(settlement.next, most) ??
    tooLargeNext(settlement.canvas?.calls, most)
  )
}

/** The text of an end that is kept. */
function textOf(settlement: Settlement): string {
  if (settlement.kind === 'done') return settlement.result
  if (settlement.kind !== 'release') return settlement.error
  return settlement.undo?.error ?? settlement.memo ?? ''
}
