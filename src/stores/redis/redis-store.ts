import { randomUUID } from 'node:crypto'
import { brandClass } from '../../core/brand.ts'
import { ClosedError, MalformedMessageError } from '../../core/errors/errors.ts'
import { milliseconds } from '../../core/time/duration.ts'
import { settlesWithin } from '../../core/time/settles-within.ts'
import { callsAfterFailure } from '../after-failure.ts'
import { Listeners } from '../listeners.ts'
import type { StoreSettings } from '../options.ts'
import type { HeldClaim } from '../roles/broker.ts'
import type { CloseStoreOptions, Store } from '../roles/store.ts'
import { deathsStory, type Death } from '../story.ts'
import { argumentsOfSettlement } from './arguments.ts'
import { Link } from './connection/link.ts'
import { Listening } from './connection/listening.ts'
import { Held } from './held.ts'
import { Keeper } from './keeper.ts'
import { RedisBroker } from './roles/broker.ts'
import { RedisResults } from './roles/results.ts'
import { renew, sweep } from './scripts/hold.ts'
import { settle } from './scripts/settle.ts'
import type { Handle } from './handle.ts'
import { listOf } from './scripts/script.ts'
import type { RedisPlace } from './url.ts'
import { dueChannel, handleChannel, newsChannel, resultChannel } from './wire/channels.ts'
import { outcomeOfDocument } from './wire/document.ts'
import { deliveryOf } from './wire/message.ts'

/** The place of a store, and its settings. */
export interface RedisStoreData {
  readonly place: RedisPlace
  readonly settings: Pick<StoreSettings, 'maxBytes' | 'maxDeaths'>
  /** The clock of a test, in place of the server's. */
  readonly clock?: () => number
}

/** The answer of the script that sweeps: milliseconds until something is due, -1 for never, and the calls to end. */
type Swept = readonly [number, number, number, readonly Doomed[]]

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
  #closed = false
  #closing: Promise<void> | undefined

  private constructor({ place, settings, clock }: RedisStoreData) {
    const { url, location, connection, prefix, resultExpires, visibilityTimeout } = place
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
      ...(clock ? { clock } : {}),
    })
    this.listening = new Listening(connection, url, {
      message: (channel, text) => this.#heard(channel.slice(prefix.length), text),
      gap: () => this.results.tellAll(),
    })
    this.listeners = new Listeners(() => {
      this.listening.holds = this.link.holds = this.listeners.waiting > 0
    })
    this.keeper = new Keeper(this, clock === undefined)
    this.results = new RedisResults(this)
    this.broker = new RedisBroker(this)
  }

  static async open(data: RedisStoreData): Promise<RedisStore> {
    const store = new RedisStore(data)
    try {
      await store.link.open()
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

  /** @internal Renews leases that it keeps. */
  async renew(): Promise<void> {
    const kept = this.held.kept()
    if (kept.length === 0) return
    const answer = await this.link.run(renew, [
      kept.length,
      ...kept.flatMap(({ id, token, lease }) => [id, token, lease]),
    ])
    const outcomes = listOf<string>(answer)
    for (const [at, claim] of kept.entries()) if (outcomes[at] === 'lost') this.lost(claim)
  }

  /** @internal Puts right what is due. Resolves to the milliseconds until something is due again. */
  async sweep(): Promise<number> {
    const [delayed, ending, leases, doomed] = JSON.parse((await this.link.run(sweep, [])) as string) as Swept
    // Lua knows no empty list.
    for (const [id, token, deaths, queue, message] of Array.isArray(doomed) ? doomed : []) {
      const error = deathsStory(JSON.parse(deaths) as Death[])
      const delivery = deliveryOf(message, this.settings.maxBytes)
      const next = delivery instanceof MalformedMessageError ? [] : callsAfterFailure({ ...delivery, id, queue })
      const given = argumentsOfSettlement({ id, token: Number(token), kind: 'dead', error, next }, this.name)
      await this.link.run(settle, [1, ...given])
    }
    return Math.min(...[delayed, ending, leases].map(each => (each < 0 ? Infinity : each)))
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
      // What was taken while it was being closed.
      const claims = this.held.takeAll()
      if (claims.length === 0) return
      const given = claims.map(({ id, token }) => argumentsOfSettlement({ id, token, kind: 'release' }, this.name))
      await this.link.run(settle, [claims.length, ...given.flat()])
    } catch {
      // Their leases run out.
    }
  }

  #end(): void {
    this.keeper.close()
    this.broker.close()
    this.listening.close()
    this.link.close()
    this.listeners.clear()
  }

  #heard(channel: string, text: string): void {
    if (channel === dueChannel) this.keeper.due()
    else if (channel.startsWith(resultChannel)) {
      const state = outcomeOfDocument(text)?.state
      // Only that it has ended is told: what is known of it beside the document is elsewhere.
      const isEnd = state === 'done' || state === 'failed' || state === 'cancelled'
      this.listeners.tell(isEnd ? 'ended' : 'reported', channel.slice(resultChannel.length))
    } else if (channel.startsWith(newsChannel))
      this.listeners.tell(text === 'ended' ? 'ended' : 'reported', channel.slice(newsChannel.length))
    else if (channel.startsWith(handleChannel)) {
      const found = /^lost (\d+) (.*)$/s.exec(text)
      if (found) this.lost({ id: found[2] as string, token: Number(found[1]) })
    }
  }
}
