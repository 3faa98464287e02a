import type { ConnectionOptions } from '../connection/client.ts'
import type { Argument } from '../connection/link.ts'
import type { OwnClaim } from './held.ts'

/** The things that the deputy is started with. */
export interface DeputyData {
  /** The file of the package `ioredis`. */
  readonly client: string
  readonly options: ConnectionOptions
  /** The script that renews, and the arguments that it gets before its own. */
  readonly script: { readonly sha: string; readonly text: string }
  readonly given: readonly Argument[]
}

/** The claims that are held: all of them, or those that have come since. */
export interface ToDeputy {
  readonly claims: readonly OwnClaim[]
  readonly all: boolean
}

/** The claims that were found to be held no more, or that somebody has asked to stop: with what the script says of each. */
export type FromDeputy = readonly (readonly [id: string, token: number, outcome: string])[]

/**
 * Runs in a thread of its own, where its text is all that there is, so it refers to nothing around it: renews the leases of a program that
 * has not said anything for longer than it may, since it computes.
 */
export function deputy(load: NodeJS.Require): void {
  const { parentPort, workerData } = load('node:worker_threads') as typeof import('node:worker_threads')
  const { clearTimeout, setTimeout } = load('node:timers') as typeof import('node:timers')
  const { client, options, script, given } = workerData as DeputyData
  const longest = 86_400_000
  const atOnce = 500

  /** A connection, as far as it takes here. */
  interface Line {
    connect(): Promise<unknown>
    call(command: string, ...args: readonly Argument[]): Promise<unknown>
    on(event: 'end' | 'error', listener: (error: unknown) => void): unknown
    disconnect(): void
  }
  const held = new Map<string, OwnClaim>()
  let shortest = Infinity
  let next: NodeJS.Timeout | undefined
  let line: Line | undefined
  let renewing = false

  function hear({ claims, all }: ToDeputy): void {
    if (all) {
      held.clear()
      shortest = Infinity
    }
    for (const claim of claims) {
      held.set(claim.id, claim)
      shortest = Math.min(shortest, claim.lease)
    }
    // The program renews them itself after a third of that, and says so.
    wait(shortest / 2)
  }

  function wait(milliseconds: number): void {
    clearTimeout(next)
    if (held.size > 0) next = setTimeout(() => void renew(), Math.min(milliseconds, longest))
  }

  async function renew(): Promise<void> {
    if (renewing) return
    renewing = true
    let pause = shortest / 3
    try {
      const connection = (line ??= await open())
      const claims = [...held.values()]
      for (let from = 0; from < claims.length; from += atOnce)
        await renewSome(connection, claims.slice(from, from + atOnce))
    } catch {
      // It is tried again soon, over another connection.
      line?.disconnect()
      line = undefined
      pause = Math.min(shortest / 6, 1_000)
    }
    renewing = false
    wait(pause)
  }

  async function renewSome(connection: Line, claims: readonly OwnClaim[]): Promise<void> {
    const own = claims.flatMap(({ id, token, lease }) => [id, token, lease])
    const outcomes = JSON.parse(String(await evaluated(connection, [...given, claims.length, ...own]))) as string[]
    const told: (readonly [string, number, string])[] = []
    for (const [at, { id, token }] of claims.entries()) {
      const outcome = outcomes[at] as string
      if (outcome === 'ok') continue
      told.push([id, token, outcome])
      if (outcome === 'lost' && held.get(id)?.token === token) held.delete(id)
    }
    if (told.length > 0) parentPort?.postMessage(told satisfies FromDeputy)
  }

  async function evaluated(connection: Line, args: readonly Argument[]): Promise<unknown> {
    try {
      return await connection.call('EVALSHA', script.sha, 0, ...args)
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error
      return await connection.call('EVAL', script.text, 0, ...args)
    }
  }

  async function open(): Promise<Line> {
    const found = load(client) as Record<string, unknown>
    const Client = (found['Redis'] ?? found['default'] ?? found) as new (options: object) => Line
    const opened = new Client({
      ...options,
      lazyConnect: true,
      connectTimeout: 5_000,
      commandTimeout: 5_000,
      retryStrategy: () => null,
      sentinelRetryStrategy: () => null,
      enableOfflineQueue: false,
    })
    opened.on('error', () => {}) // who uses it hears of it
    opened.on('end', () => {
      if (line === opened) line = undefined
    })
    await opened.connect()
    return opened
  }

  parentPort?.on('message', hear)
}
