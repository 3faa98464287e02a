import { clearTimeout, queueMicrotask, setTimeout } from '../../../core/time/platform.ts'
import { type Connection, type ConnectionOptions, newConnection, opened } from './client.ts'

const pauseAfterFailure = 500

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
    for (const channel of channels) this.#wanted.set(channel, (this.#wanted.get(channel) ?? 0) + 1)
    this.#match()
    let stopped = false
    return () => {
      if (stopped) return
      stopped = true
      for (const channel of channels) {
        const count = this.#wanted.get(channel) as number
        if (count > 1) this.#wanted.set(channel, count - 1)
        else this.#wanted.delete(channel)
      }
      this.#match()
    }
  }

  /** Resolves when all channels that are wanted are heard: what is said from then on is not missed. */
  async settled(): Promise<void> {
    if (this.#missing().length === 0) return
    await new Promise<void>(resolve => this.#settled.push(resolve))
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

  #missing(): string[] {
    return [...this.#wanted.keys()].filter(channel => !this.#subscribed.has(channel))
  }

  /** Asks for what is wanted, once this turn is over: many at once. */
  #match(): void {
    // Who comes while it is being asked is asked for right after that.
    if (this.#matching !== undefined || this.#closed || this.#pause !== undefined) return
    const matching = new Promise<void>(resolve => queueMicrotask(resolve))
      .then(() => this.#subscribe())
      .catch(() => {
        this.#lost(this.#connection)
        this.#pause = setTimeout(() => {
          this.#pause = undefined
          this.#match()
        }, pauseAfterFailure)
        if (!this.#holds) this.#pause.unref()
      })
      .finally(() => {
        this.#matching = undefined
        this.#hold()
        if (this.#missing().length > 0) this.#match()
        else for (const resolve of this.#settled.splice(0)) resolve()
      })
    this.#matching = matching
    this.#hold()
  }

  async #subscribe(): Promise<void> {
    for (;;) {
      const missing = this.#missing()
      const over = [...this.#subscribed].filter(channel => !this.#wanted.has(channel))
      if ((missing.length === 0 && over.length === 0) || this.#closed) return
      if (missing.length === 0 && this.#connection === undefined) return
      const connection = this.#connection ?? (await this.#open())
      if (missing.length > 0) {
        await connection.subscribe(...missing)
        for (const channel of missing) this.#subscribed.add(channel)
        if (this.#hasGap) {
          this.#hasGap = false
          this.#hearing.gap()
        }
      }
      if (over.length > 0) {
        await connection.unsubscribe(...over)
        for (const channel of over) this.#subscribed.delete(channel)
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
    connection.disconnect()
  }

  #hold(): void {
    const { stream } = this.#connection ?? {}
    // What is asked is waited for.
    if (this.#holds || this.#matching !== undefined) stream?.ref?.()
    else stream?.unref?.()
  }
}
