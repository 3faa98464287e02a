import { clearTimeout, queueMicrotask, setTimeout } from '../../../core/time/platform.ts'
import { type Connection, type ConnectionOptions, newConnection, opened } from './client.ts'

const pauseAfterFailure = 500
/** More channels in one command would be more arguments than a function takes. */
const mostAtOnce = 1_000

/** Hears what is said on the channels that somebody wants to hear. */
export interface Hearing {
  message(channel: string, text: string): void
  /** The connection was cut, and is there again: what was said meanwhile nobody has heard. */
  gap(): void
}

/** The channels that somebody wants to hear, over one connection, which is there only while there are any. */
export class Listening {
  readonly #options: ConnectionOptions
  readonly #url: string
  readonly #hearing: Hearing
  readonly #wanted = new Map<string, number>()
  #subscribed = new Set<string>()
  /** Those that are wanted and not heard, and those that are heard and not wanted any more. */
  #missing = new Set<string>()
  #over = new Set<string>()
  #connection: Connection | undefined
  #matching: Promise<void> | undefined
  #hasGap = false
  #holds = false
  #closed = false
  #pause: NodeJS.Timeout | undefined
  #settled: (() => void)[] = []

  constructor(options: ConnectionOptions, url: string, hearing: Hearing) {
    this.#options = options
    this.#url = url
    this.#hearing = hearing
  }

  /** Listens to channels; returns the function that stops that. */
  want(channels: readonly string[]): () => void {
    for (const channel of channels) {
      this.#wanted.set(channel, (this.#wanted.get(channel) ?? 0) + 1)
      this.#over.delete(channel)
      if (!this.#subscribed.has(channel)) this.#missing.add(channel)
    }
    this.#match()
    let stopped = false
    return () => {
      if (stopped) return
      stopped = true
      for (const channel of channels) {
        const count = this.#wanted.get(channel) as number
        if (count > 1) {
          this.#wanted.set(channel, count - 1)
          continue
        }
        this.#wanted.delete(channel)
        this.#missing.delete(channel)
        if (this.#subscribed.has(channel)) this.#over.add(channel)
      }
      this.#match()
    }
  }

  /** True for a channel that is heard at this moment. */
  hears(channel: string): boolean {
    return this.#subscribed.has(channel)
  }

  /** Resolves when all channels that are wanted are heard: what is said from then on is not missed. */
  async settled(): Promise<void> {
    if (this.#missing.size === 0) return
    await new Promise<void>(resolve => this.#settled.push(resolve))
  }

  /** Goes another way: on this one nothing may be heard any more. */
  renew(): void {
    this.#connection?.disconnect()
  }

  /** Keeps the program running, or not. */
  set holds(holds: boolean) {
    this.#holds = holds
    this.#hold()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#pause)
    this.#connection?.disconnect()
    for (const resolve of this.#settled.splice(0)) resolve()
  }

  /** Asks for what is wanted, once this turn is over: many at once. */
  #match(): void {
    // Who comes while it is being asked is asked for right after that.
    if (this.#matching !== undefined || this.#closed || this.#pause !== undefined) return
    const matching = new Promise<void>(resolve => queueMicrotask(resolve))
      .then(() => this.#subscribe())
      .catch(() => {
        this.#lost(this.#connection)
        if (this.#closed) return
        this.#pause = setTimeout(() => {
          this.#pause = undefined
          this.#match()
        }, pauseAfterFailure)
        if (!this.#holds) this.#pause.unref()
      })
      .finally(() => {
        this.#matching = undefined
        this.#hold()
        if (this.#missing.size > 0 || (this.#over.size > 0 && this.#connection !== undefined)) this.#match()
        if (this.#missing.size === 0) for (const resolve of this.#settled.splice(0)) resolve()
      })
    this.#matching = matching
    this.#hold()
  }

  async #subscribe(): Promise<void> {
    while (!this.#closed && (this.#missing.size > 0 || (this.#over.size > 0 && this.#connection !== undefined))) {
      const connection = this.#connection ?? (await this.#open())
      const missing = firstOf(this.#missing)
      if (missing.length > 0) {
        await connection.subscribe(...missing)
        for (const channel of missing) {
          this.#subscribed.add(channel)
          this.#missing.delete(channel)
          if (!this.#wanted.has(channel)) this.#over.add(channel)
        }
        if (this.#hasGap && this.#missing.size === 0) {
          this.#hasGap = false
          this.#hearing.gap()
        }
      }
      const over = firstOf(this.#over)
      if (over.length > 0) {
        // Before it is done: who wants one of them from here on asks for it anew.
        for (const channel of over) {
          this.#over.delete(channel)
          this.#subscribed.delete(channel)
        }
        await connection.unsubscribe(...over)
      }
    }
  }

  async #open(): Promise<Connection> {
    const connection = newConnection(this.#options, this.#url)
    connection.on('message', (channel, text) => this.#hearing.message(channel, text))
    connection.on('end', () => {
      if (this.#connection !== connection) return
      this.#lost(connection)
      this.#match()
    })
    this.#connection = connection
    await opened(connection)
    this.#hold()
    return connection
  }

  #lost(connection: Connection | undefined): void {
    if (connection === undefined || this.#connection !== connection) return
    this.#connection = undefined
    this.#hasGap ||= this.#subscribed.size > 0
    this.#subscribed = new Set()
    this.#missing = new Set(this.#wanted.keys())
    this.#over = new Set()
    connection.disconnect()
  }

  #hold(): void {
    const { stream } = this.#connection ?? {}
    // What is asked is waited for.
    if (this.#holds || this.#matching !== undefined) stream?.ref?.()
    else stream?.unref?.()
  }
}

function firstOf(channels: ReadonlySet<string>): string[] {
  const first: string[] = []
  for (const channel of channels) {
    if (first.length === mostAtOnce) break
    first.push(channel)
  }
  return first
}
