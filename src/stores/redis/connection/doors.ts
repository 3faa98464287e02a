import { clearTimeout, setTimeout, steady } from '../../../core/time/platform.ts'
import { type Connection, type ConnectionOptions, newConnection, opened } from './client.ts'

/** Seconds for which the server is asked to wait. It is asked again then: a way that leads nowhere shows itself so. */
const waits = 60
const pauseAfterFailure = 500
/** Of what is in a list the server tells at once; so long after, in milliseconds, it is known that nothing of it gets here. */
const tellsWithin = 1_000

/**
 * One who waits until there is something in a list, of whatever writer, and takes nothing out: `BLMOVE` from the end of a list to the
 * same end of it leaves it as it was, waits while it is empty, and may be sent twice. Python's writers push and say nothing, so the
 * list itself must be listened to.
 *
 * It has a connection of its own, since the server answers nothing else on it meanwhile.
 */
export class Door {
  readonly #list: string
  readonly #options: ConnectionOptions
  readonly #url: string
  #connection: Connection | undefined
  #asking = false
  #askedAt = 0
  #closed = false
  readonly #listeners = new Set<() => void>()
  #pause: NodeJS.Timeout | undefined

  constructor(list: string, options: ConnectionOptions, url: string) {
    this.#list = list
    this.#options = options
    this.#url = url
  }

  /** Calls once, when there is something, or may be; returns the function that stops that. */
  listen(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    this.#hold()
    void this.#ask()
    return () => {
      this.#listeners.delete(own)
      this.#hold()
    }
  }

  /** True while somebody waits here, and the server was asked a while ago. */
  get waits(): boolean {
    return this.#listeners.size > 0 && this.#asking && steady() - this.#askedAt > tellsWithin
  }

  /** The list has something, and those who wait were not told of it yet: where that stays so, it goes another way. */
  doubt(): void {
    const asked = this.#askedAt
    if (this.waits)
      setTimeout(() => this.waits && this.#askedAt === asked && this.#connection?.disconnect(), tellsWithin).unref()
  }

  /** Goes another way: on this one nothing may be heard any more. */
  renew(): void {
    this.#connection?.disconnect()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#pause)
    this.#listeners.clear()
    this.#connection?.disconnect()
  }

  /** Asks the server to wait. That goes on when nobody listens any more: it does no harm, and is there for the next one. */
  async #ask(): Promise<void> {
    if (this.#asking || this.#closed) return
    this.#asking = true
    this.#askedAt = steady()
    let failed = false
    let found: unknown = null
    try {
      const connection = this.#connection ?? (await this.#open())
      const lost = setTimeout(() => connection.disconnect(), (waits + 15) * 1_000).unref()
      try {
        found = await connection.call('BLMOVE', this.#list, this.#list, 'RIGHT', 'RIGHT', waits)
      } finally {
        clearTimeout(lost)
      }
    } catch {
      failed = true
      this.#connection?.disconnect()
      this.#connection = undefined
    }
    this.#asking = false
    if (this.#closed) return
    // After a failure there may be something that nobody was told of.
    if (found !== null || failed) {
      // It is still there when it is asked for again before they have taken it.
      const told = [...this.#listeners]
      this.#listeners.clear()
      this.#hold()
      for (const listener of told) listener()
    }
    if (this.#listeners.size === 0) return
    if (failed) this.#pause = setTimeout(() => void this.#ask(), pauseAfterFailure)
    else void this.#ask()
  }

  async #open(): Promise<Connection> {
    const connection = newConnection(this.#options, this.#url)
    this.#connection = connection
    await opened(connection)
    this.#hold()
    if (this.#closed) connection.disconnect()
    return connection
  }

  #hold(): void {
    const { stream } = this.#connection ?? {}
    if (this.#listeners.size > 0) stream?.ref?.()
    else stream?.unref?.()
  }
}
