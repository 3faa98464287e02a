import { ClosedError, StoreError } from '../../../core/errors/errors.ts'
import { clearTimeout, setTimeout, steady } from '../../../core/time/platform.ts'
import type { Script } from '../scripts/script.ts'
import { answersWithin, type Connection, type ConnectionOptions, newConnection, opened } from './client.ts'

/** The time after which a script that cannot be sent is given up, in milliseconds. */
const patience = 20_000
/** The time within which a change is to have its copies before they are asked for again, in milliseconds. */
const copiedWithin = 2_000
const pauses: readonly number[] = [0, 50, 200, 500, 1_000]
/** After so long without an answer the server is asked over another connection whether it answers at all, in milliseconds. */
const doubtsAfter = 2_000
const looksEvery = 1_000

/** One argument of a script. */
export type Argument = string | number

/** The copies of what was changed, as `WAIT` and `WAITAOF` of Redis know them. */
export interface Copies {
  readonly replicas: number
  /** The primary has it on its disk, and so have these replicas. */
  readonly onDisk: boolean
}

/** The settings that all scripts get. */
export interface LinkSettings {
  readonly url: string
  readonly options: ConnectionOptions
  /** The one who has the store open. */
  readonly handle: string
  readonly prefix: string
  readonly keepFor: number
  readonly maxDeaths: number
  readonly visibilityTimeout: number | undefined
  readonly copies: Copies | undefined
  /** The clock of a test, in place of the server's. */
  readonly clock?: () => number
  /** Called when the way over which nothing came back is given up: other connections have gone the same way. */
  readonly silent: () => void
}

/**
 * The way to the server for scripts. It is made again when it was cut, and what was not answered is sent again under the number that it
 * had: a script that has done its work by then answers as it did, and does nothing.
 */
export class Link {
  readonly #settings: LinkSettings
  #connection: Promise<Connection> | undefined
  #current: Connection | undefined
  #numbers = 0
  /** The numbers of the answers that have arrived, which the server need not keep any more. */
  #known: string[] = []
  #underWay = 0
  #holds = false
  #closed = false
  #doubting = false
  #onIdle: (() => void)[] = []
  #watchdog: NodeJS.Timeout | undefined
  /** The last time that something came back, or that the first of what is under way was given. */
  #heard = 0

  constructor(settings: LinkSettings) {
    this.#settings = settings
  }

  /** Runs a script. **Errors**: `SKEIN_STORE_UNAVAILABLE` and the others of a store; `SKEIN_CLOSED`. */
  async run(script: Script, args: readonly Argument[]): Promise<unknown> {
    if (this.#closed) throw this.#closedError()
    const nonce = script.once ? String(++this.#numbers) : ''
    const known = script.once ? this.#known.splice(0) : []
    const given = [...this.given(nonce, known.join(' ')), ...args]
    if (this.#underWay++ === 0) this.#heard = steady()
    this.#watch()
    this.#hold()
    try {
      const answer = await this.#untilAnswered(script, given)
      if (nonce !== '') this.#known.push(nonce)
      return answer
    } finally {
      this.#underWay--
      this.#hold()
      if (this.#underWay === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
    }
  }

  /** The arguments that all scripts get before their own. */
  given(nonce: string = '', known: string = ''): Argument[] {
    const { prefix, handle, keepFor, maxDeaths, visibilityTimeout, clock } = this.#settings
    return [prefix, nonce, known, handle, clock?.() ?? '', keepFor, maxDeaths, visibilityTimeout ?? '']
  }

  /** The number of scripts that have not been answered. */
  get underWay(): number {
    return this.#underWay
  }

  /** Keeps the program running, or not, while nothing is under way. */
  set holds(holds: boolean) {
    this.#holds = holds
    this.#hold()
  }

  /** Opens it. **Errors**: as `run`, at once. */
  async open(): Promise<void> {
    try {
      const connection = await this.#connected()
      // A server that cannot say says so now.
      const { copies } = this.#settings
      if (copies) await connection.call(...waiting(copies, 1))
    } catch (error) {
      throw this.#readable(error)
    }
  }

  /** Resolves when all that was given has been answered. */
  async idle(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>(resolve => this.#onIdle.push(resolve))
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#watchdog)
    this.#current?.disconnect()
  }

  async #untilAnswered(script: Script, given: readonly Argument[]): Promise<unknown> {
    const begun = steady()
    for (let failures = 0; ; failures++) {
      try {
        return await this.#once(await this.#connected(), script, given)
      } catch (error) {
        if (this.#closed) throw this.#closedError()
        if (isAnswer(error) && !passes.test(String((error as Error).message))) throw this.#readable(error)
        // A replica that was the primary before: the address may lead to another one by now.
        if (isAnswer(error)) this.#current?.disconnect()
        if (steady() - begun > patience || error instanceof StoreError) throw this.#readable(error)
        await pause(pauses[Math.min(failures, pauses.length - 1)] as number)
      }
    }
  }

  async #once(connection: Connection, script: Script, given: readonly Argument[]): Promise<unknown> {
    try {
      return await this.#copied(connection, script, ['EVALSHA', script.sha, 0, ...given])
    } catch (error) {
      if (!isAnswer(error) || !error.message.startsWith('NOSCRIPT')) throw error
      return await this.#copied(connection, script, ['EVAL', script.text, 0, ...given])
    } finally {
      this.#heard = steady()
    }
  }

  /**
   * Sends a script and, where a change is to have copies, asks for these over the same connection. If they are missing the script
   * is sent again, which has done its work, and they are asked for once more.
   */
  async #copied(connection: Connection, { once }: Script, command: [string, ...Argument[]]): Promise<unknown> {
    const { copies } = this.#settings
    if (!once || copies === undefined) return connection.call(...command)
    const [answer, made] = await Promise.allSettled([
      connection.call(...command),
      connection.call(...waiting(copies, copiedWithin)),
    ])
    if (answer.status === 'rejected') throw answer.reason
    if (made.status === 'rejected') throw made.reason
    const [onDisk, replicas] = copies.onDisk ? (made.value as [number, number]) : [1, made.value as number]
    if (onDisk > 0 && replicas >= copies.replicas) return answer.value
    const missing = onDisk > 0 ? '' : ', and not on the disk of the server itself'
    throw new Error(`what was changed is in ${replicas} of ${copies.replicas} replicas so far${missing}`)
  }

  /**
   * Gives up a connection over which nothing comes back: soon where another one shows that the server answers, so that it is the way
   * that is lost; else late, since a server that is busy answers nobody.
   */
  #watch(): void {
    this.#watchdog ??= setTimeout(() => {
      this.#watchdog = undefined
      if (this.#underWay === 0 || this.#closed) return
      const quiet = steady() - this.#heard
      if (quiet > answersWithin) this.#giveUp()
      else if (quiet > doubtsAfter) void this.#doubt()
      this.#watch()
    }, looksEvery).unref()
  }

  async #doubt(): Promise<void> {
    if (this.#doubting) return
    this.#doubting = true
    const [doubted, heard] = [this.#current, this.#heard]
    const passed = passedOver(doubted)
    const other = newConnection(this.#settings.options, this.#settings.url)
    try {
      await opened(other, doubtsAfter)
      // What is long arrives in pieces.
      if (this.#current === doubted && this.#heard === heard && passedOver(doubted) === passed) this.#giveUp()
    } catch {
      // Nobody is answered.
    }
    other.disconnect()
    this.#doubting = false
  }

  #giveUp(): void {
    this.#heard = steady()
    this.#current?.disconnect()
    this.#settings.silent()
  }

  #connected(): Promise<Connection> {
    return (this.#connection ??= this.#connect())
  }

  async #connect(): Promise<Connection> {
    const connection = newConnection(this.#settings.options, this.#settings.url)
    const lost = (): void => {
      if (this.#current !== undefined && this.#current !== connection) return
      this.#connection = undefined
      this.#current = undefined
    }
    connection.on('end', lost)
    this.#current = connection
    try {
      await opened(connection)
      if (this.#closed) connection.disconnect()
      this.#hold()
      return connection
    } catch (error) {
      lost()
      throw error
    }
  }

  #hold(): void {
    const { stream } = this.#current ?? {}
    if (this.#underWay > 0 || this.#holds) stream?.ref?.()
    else stream?.unref?.()
  }

  #closedError(): ClosedError {
    return new ClosedError(`The store ${this.#settings.url} has been closed. Open it again to go on with it`)
  }

  #readable(error: unknown): unknown {
    if (error instanceof StoreError) return error
    const { url: store } = this.#settings
    const { message } = error as Error
    // What was sent: it may hold a password.
    delete (error as { command?: unknown }).command
    const why = (
      code: 'SKEIN_STORE_FULL' | 'SKEIN_STORE_READ_ONLY' | 'SKEIN_STORE_UNAVAILABLE',
      text: string,
    ): StoreError => new StoreError(code, `${text}: ${message}`, { store, cause: error })
    if (message.startsWith('OOM'))
      return why('SKEIN_STORE_FULL', `The Redis server at ${store} takes no more (its maxmemory)`)
    if (message.startsWith('READONLY'))
      return why('SKEIN_STORE_READ_ONLY', `The Redis server at ${store} is a replica, to which nothing is written`)
    if (message.startsWith('WRONGTYPE'))
      return why(
        'SKEIN_STORE_UNAVAILABLE',
        `Another program keeps something else in the Redis database at ${store}, under the name of a queue or of what belongs to one`,
      )
    return why('SKEIN_STORE_UNAVAILABLE', `The Redis server at ${store} cannot be used`)
  }
}

/** Tells whether anything has passed over a connection since. */
function passedOver(connection: Connection | undefined): string {
  const { bytesRead = 0, writableLength = 0 } = connection?.stream ?? {}
  return `${bytesRead} ${writableLength}`
}

/** The command that waits until earlier changes have their copies. @param within milliseconds */
function waiting({ replicas, onDisk }: Copies, within: number): [string, ...Argument[]] {
  return onDisk ? ['WAITAOF', 1, replicas, within] : ['WAIT', replicas, within]
}

/** Answers of a server that will give another one soon. */
const passes = /^(?:LOADING|MASTERDOWN|READONLY|BUSY|CLUSTERDOWN|UNBLOCKED)/

/** True for what the server has answered, and not the connection. */
function isAnswer(error: unknown): error is Error {
  return (error as Error | undefined)?.name === 'ReplyError'
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}
