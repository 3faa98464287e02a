import { randomUUID } from 'node:crypto'
import { brandClass } from '../../core/brand.ts'
import { ClosedError, MalformedMessageError } from '../../core/errors/errors.ts'
import { milliseconds } from '../../core/time/duration.ts'
import { settlesWithin } from '../../core/time/settles-within.ts'
import { crashPoint } from '../crash-point.ts'
import { Listeners } from '../listeners.ts'
import type { StoreSettings } from '../options.ts'
import type { HeldClaim } from '../roles/broker.ts'
import type { Counters } from '../roles/counters.ts'
import type { CloseStoreOptions, Store } from '../roles/store.ts'
import type { Transfer } from '../roles/transfer.ts'
import { deathsStory, type Death } from '../story.ts'
import type { Aftermath } from '../../celery/canvas/aftermath.ts'
import { Writing } from './arguments.ts'
import { aftermathInStore, Chords } from './canvas.ts'
import { clientFile } from './connection/client.ts'
import { type Argument, Link } from './connection/link.ts'
import { Listening } from './connection/listening.ts'
import { Deputy } from './leases/deputy.ts'
import { Held, type OwnClaim } from './leases/held.ts'
import { Keeper } from './leases/keeper.ts'
import { RedisBroker } from './roles/broker.ts'
import { redisCounters } from './roles/counters.ts'
import { RedisInspector } from './roles/inspector.ts'
import { RedisRegistry } from './roles/registry.ts'
import { RedisRemote } from './roles/remote.ts'
import { outcomeIn, RedisResults } from './roles/results.ts'
import { RedisSchedules } from './roles/schedules.ts'
import { redisTransfer } from './roles/transfer.ts'
import { renew, sweep } from './scripts/hold.ts'
import { settle } from './scripts/settle.ts'
import { conclude, wake } from './scripts/wake.ts'
import type { Handle } from './handle.ts'
import { changedOf, listIn, listOf, type Script } from './scripts/script.ts'
import type { RedisPlace } from './url.ts'
import {
  dueChannel,
  handleChannel,
  newsChannel,
  resultChannel,
  resumed,
  scheduledChannel,
  withOutcome,
} from './wire/channels.ts'
import { outcomeOfDocument } from './wire/document.ts'
import { deliveryOf } from './wire/message.ts'

/** The place of a store, and its settings. */
export interface RedisStoreData {
  readonly place: RedisPlace
  readonly settings: StoreSettings
  /** The clock of a test, in place of the server's. */
  readonly clock?: () => number
}

/**
 * The answer of the script that sweeps: milliseconds until things are due, -1 for never, calls and chords to end, whether there is more to
 * do, and the lists with something in them.
 */
type Swept = readonly [
  times: readonly number[],
  doomed: readonly Doomed[],
  chords: readonly string[],
  more: boolean,
  full: readonly string[],
]

/** The answer of the script that goes on: whether there is more, and calls that have failed without a worker, and what has come of them is to be done. */
type Woken = readonly [boolean, ...(readonly [id: string, queue: string, message: string, error: string])[]]

/** A call to end, since too many workers have died under it. */
type Doomed = readonly [id: string, token: string, deaths: string, queue: string, message: string]

/** One who has a Redis database open as a store. */
export class RedisStore implements Store, Handle {
  static {
    brandClass(this, 'Store')
  }

  readonly url: string
  readonly location: string
  readonly broker: RedisBroker
  readonly results: RedisResults
  readonly inspector: RedisInspector
  readonly registry: RedisRegistry
  readonly transfer: Transfer
  readonly remote: RedisRemote
  readonly counters: Counters
  readonly schedules: RedisSchedules
  /** @internal */
  readonly place: RedisPlace
  /** @internal */
  readonly settings: RedisStoreData['settings']
  /** @internal One who has the store open, as the server knows it. */
  readonly name: string = randomUUID()
  /** @internal */
  readonly link: Link
  /** @internal */
  readonly listening: Listening
  /** @internal */
  readonly listeners: Listeners
  /** @internal */
  readonly held: Held = new Held()
  /** @internal */
  readonly keeper: Keeper
  /** @internal */
  readonly chords: Chords
  readonly #deputy: Deputy | undefined
  #closed = false
  #closing: Promise<void> | undefined

  private constructor({ place, settings, clock }: RedisStoreData) {
    const { url, location, connection, prefix, resultExpires, visibilityTimeout, copies } = place
    this.url = url
    this.location = location
    this.place = place
    this.settings = settings
    this.link = new Link({
      url,
      options: connection,
      handle: this.name,
      prefix,
      keepFor: resultExpires,
      maxDeaths: settings.maxDeaths,
      visibilityTimeout,
      copies,
      ...(clock ? { clock } : {}),
      silent: () => {
        this.listening.renew()
        this.broker.renewWaiting()
      },
    })
    this.listening = new Listening(connection, url, {
      message: (channel, text) => this.#heard(channel.slice(prefix.length), text),
      gap: () => this.#missed(),
    })
    this.listeners = new Listeners(() => {
      this.listening.holds = this.link.holds = this.listeners.waiting > 0
    })
    this.keeper = new Keeper(this, clock === undefined)
    this.chords = new Chords(this.link, this.name)
    // A test renews by itself.
    this.#deputy =
      clock === undefined
        ? new Deputy(
            () => ({ client: clientFile(), options: connection, script: renew, given: this.link.given() }),
            outcomes => {
              for (const [id, token, outcome] of outcomes) this.#became({ id, token }, outcome)
            },
          )
        : undefined
    this.results = new RedisResults(this)
    this.inspector = new RedisInspector(this)
    this.registry = new RedisRegistry(this)
    this.transfer = redisTransfer(this)
    this.broker = new RedisBroker(this)
    this.remote = new RedisRemote(this)
    this.counters = redisCounters(this)
    this.schedules = new RedisSchedules(this)
  }

  static async open(data: RedisStoreData): Promise<RedisStore> {
    const store = new RedisStore(data)
    try {
      await store.link.open()
      if (Object.keys(data.settings.retention).length > 0) await store.inspector.retain(data.settings.retention)
      return store
    } catch (error) {
      store.#closed = true
      store.link.close()
      throw error
    }
  }

  async close({ timeout = Infinity }: CloseStoreOptions = {}): Promise<void> {
    const most = milliseconds(timeout, 'timeout')
    if (this.#closing === undefined) {
      this.#closed = true
      this.#closing = settlesWithin(this.#handBack(), most).then(() => this.#end())
    }
    await this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal */
  keep(claims: readonly OwnClaim[]): void {
    for (const { lease } of claims.slice(0, 1)) this.keeper.renews(lease)
    this.#deputy?.add(claims)
  }

  /** @internal Renews leases that it keeps. */
  async renew(): Promise<void> {
    const kept = this.held.kept()
    crashPoint('during-renew')
    this.#deputy?.renewed(kept)
    await this.#renew(kept, ({ lease }) => lease)
  }

  /** @internal */
  async heed(): Promise<void> {
    // Where that fails, they are renewed later, or lost, and heard of so.
    await this.#renew(this.held.all(), () => '').catch(() => {})
  }

  async #renew(claims: readonly OwnClaim[], leaseOf: (claim: OwnClaim) => number | ''): Promise<void> {
    if (claims.length === 0) return
    const given = claims.flatMap(claim => [claim.id, claim.token, leaseOf(claim)])
    const outcomes = listOf<string>(await this.link.run(renew, [claims.length, ...given]))
    for (const [at, claim] of claims.entries()) this.#became(claim, outcomes[at] as string)
  }

  #became(claim: HeldClaim, outcome: string): void {
    // It may have been settled meanwhile.
    if (!this.held.has(claim)) return
    if (outcome === 'lost') this.lost(claim)
    else if (outcome.startsWith('!')) this.#stop(claim.id, outcome.slice(1))
  }

  /** Somebody has asked a claim to stop; that may be heard on two ways. */
  #stop(id: string, reason: string): void {
    if (this.held.isToldOf(id)) this.listeners.tell('cancelling', id, reason)
  }

  /** @internal Puts right what is due. Resolves to the milliseconds until something is due again. */
  async sweep(): Promise<number> {
    const lists = this.broker.awaited()
    const answer = (await this.link.run(sweep, [lists.length, ...lists, ...this.registry.names])) as string
    this.registry.seen()
    // Lua knows no empty list.
    const [times, doomed, chords, more, full] = JSON.parse(answer) as Swept
    this.broker.heedFull(listIn(full))
    if (more) await this.#wake()
    for (const [id, token, deaths, queue, message] of listIn<Doomed>(doomed)) {
      const error = deathsStory(JSON.parse(deaths) as Death[])
      const canvas = this.#aftermathOf(id, queue, message, { state: 'dead', error })
      const end = { id, token: Number(token), kind: 'dead', error, ...(canvas ? { canvas } : {}) } as const
      await this.change(settle, new Writing(this.name).settlements([end]))
    }
    await this.chords.end(listIn(chords))
    return Math.min(...times.map(each => (each < 0 ? Infinity : each)))
  }

  /** @internal */
  async change<T>(script: Script, args: readonly Argument[], writing?: Writing): Promise<readonly T[]> {
    await writing?.stage(this.link)
    const { outcomes, complete, more } = changedOf<T>(await this.link.run(script, args))
    await this.chords.end(complete)
    if (more) await this.#wake()
    return outcomes
  }

  /** Goes on with what was too much for one script. */
  async #wake(): Promise<void> {
    for (;;) {
      const [more, ...failed] = JSON.parse((await this.link.run(wake, [])) as string) as Woken
      for (const [id, queue, message, error] of failed) {
        const aftermath = this.#aftermathOf(id, queue, message, { state: 'failed', error })
        const given = new Writing(this.name).aftermath(aftermath)
        await this.chords.end(changedOf(await this.link.run(conclude, [id, ...given])).complete)
      }
      if (!more && failed.length === 0) return
    }
  }

  /** The things to be done after a call that no worker has ended. */
  #aftermathOf(
    id: string,
    queue: string,
    message: string,
    end: { readonly state: 'failed' | 'dead'; readonly error: string },
  ): Aftermath | undefined {
    const delivery = deliveryOf(message, this.settings.maxBytes)
    if (delivery instanceof MalformedMessageError) return undefined
    return aftermathInStore({ ...delivery, id, queue }, end, this.broker.knows)
  }

  /** @internal */
  lost(claim: HeldClaim): void {
    this.held.delete(claim)
    this.listeners.tell('lost', claim.id, claim.token)
  }

  /** @internal */
  mustBeOpen(): void {
    if (this.#closed) throw new ClosedError(`The store ${this.url} has been closed. Open it again to go on with it`)
  }

  async #handBack(): Promise<void> {
    this.broker.stopWaiting()
    try {
      await this.link.idle()
      await this.registry.leave()
      // What was taken while it was being closed.
      const claims = this.held.takeAll()
      if (claims.length === 0) return
      const writing = new Writing(this.name)
      const given = claims.map(({ id, token }) => ({ id, token, kind: 'release' }) as const)
      await this.change(settle, writing.settlements(given))
    } catch {
      // Their leases run out.
    }
  }

  async #end(): Promise<void> {
    this.keeper.close()
    this.broker.close()
    this.listening.close()
    this.link.close()
    this.listeners.clear()
    await this.#deputy?.close()
  }

  #heard(channel: string, text: string): void {
    if (channel === dueChannel && text === resumed) this.listeners.tell('claimable')
    else if (channel === dueChannel) this.keeper.due()
    else if (this.remote.heard(channel, text)) return
    else if (channel === scheduledChannel) this.listeners.tell('scheduled')
    else if (channel.startsWith(resultChannel)) {
      const state = outcomeOfDocument(text)?.state
      // Only that it has ended is told: what is known of it beside the document is elsewhere.
      const isEnd = state === 'done' || state === 'failed' || state === 'cancelled'
      this.listeners.tell(isEnd ? 'ended' : 'reported', channel.slice(resultChannel.length))
    } else if (channel.startsWith(newsChannel)) {
      const id = channel.slice(newsChannel.length)
      if (text.startsWith(withOutcome)) this.listeners.tellEnded(id, outcomeIn(text.slice(withOutcome.length)))
      else this.listeners.tell(text === 'ended' ? 'ended' : 'reported', id)
    } else if (channel.startsWith(handleChannel)) {
      if (text.startsWith(withOutcome)) this.results.heard(text.slice(withOutcome.length))
      const lost = /^lost (\d+) (.*)$/s.exec(text)
      if (lost) this.lost({ id: lost[2] as string, token: Number(lost[1]) })
      const stopped = /^cancelling (.*)\n(.*)$/s.exec(text)
      if (stopped) this.#stop(JSON.parse(stopped[1] as string) as string, stopped[2] as string)
    }
  }

  /** Nobody knows what was said while nothing was heard: all look again. */
  #missed(): void {
    this.results.tellAll()
    this.listeners.tell('claimable')
    this.listeners.tell('scheduled')
    void this.heed()
  }
}
