import { createRequire } from 'node:module'
import { StoreError } from '../../../core/errors/errors.ts'
import { fileOfCaller } from '../../../core/report/own-file.ts'
import { clearTimeout, setTimeout } from '../../../core/time/platform.ts'

/** A server that has not answered for so long, or the way to it, is gone, in milliseconds. */
export const answersWithin = 10_000

/** The things that the store needs of a connection of the package `ioredis`. */
export interface Connection {
  connect(): Promise<unknown>
  call(command: string, ...args: (string | number)[]): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  disconnect(): void
  readonly stream?: {
    ref?(): unknown
    unref?(): unknown
    readonly bytesRead?: number
    readonly writableLength?: number
  } | null
}

/** The options of a connection, as the package has them. */
export interface ConnectionOptions {
  readonly host?: string
  readonly port?: number
  readonly username?: string
  readonly password?: string
  readonly db?: number
  readonly tls?: object
  /** The name of the primary that these know of, in place of a host and a port. */
  readonly name?: string
  readonly sentinels?: readonly SentinelAddress[]
  readonly sentinelTLS?: object
  readonly enableTLSForSentinelMode?: boolean
}

/** The address of a Sentinel. */
export interface SentinelAddress {
  readonly host: string
  readonly port: number
}

let Client: (new (options: object) => Connection) | undefined

/** Makes a connection that has not been opened yet. **Errors**: `SKEIN_STORE_DRIVER` where the package is not there. */
export function newConnection(options: ConnectionOptions, store: string): Connection {
  Client ??= installed(store)
  const connection = new Client({
    ...options,
    lazyConnect: true,
    connectTimeout: 5_000,
    // A machine that has gone, or a way that has forgotten the connection, says nothing to who only listens.
    keepAlive: 10_000,
    // It would send again what was written and not answered, so that it is done twice. And with that turned off, what was not answered
    // never is. So one that has been cut is thrown away, which answers all that it has not.
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    enableOfflineQueue: false,
    maxRetriesPerRequest: null,
  })
  connection.on('error', () => {}) // the one that uses it hears of it
  return connection
}

/**
 * Opens a connection. Rejects with why that cannot be: the package itself says only that it was closed.
 *
 * @param within milliseconds for all of it, of which connecting is only the first part: a server may take it and say nothing
 */
export async function opened(connection: Connection, within: number = answersWithin): Promise<void> {
  let trouble: unknown
  connection.on('error', error => (trouble ??= error))
  const late = setTimeout(() => {
    trouble ??= new Error(`it was not ready within ${within / 1_000} s`)
    connection.disconnect()
  }, within)
  try {
    await connection.connect()
  } catch (error) {
    trouble ??= error
  } finally {
    clearTimeout(late)
  }
  if (trouble === undefined) return
  // Without the database that was asked for the package would go on in the first one.
  connection.disconnect()
  throw trouble
}

/** The file of the package, for a thread that loads it, too. */
export function clientFile(): string {
  return loader().resolve('ioredis')
}

function loader(): NodeJS.Require {
  return createRequire(fileOfCaller() ?? `${process.cwd()}/`)
}

function installed(store: string): new (options: object) => Connection {
  try {
    // Not an import, so that neither a bundler nor the type checker looks for a package that need not be there.
    const found = loader()('ioredis') as Record<string, unknown>
    return (found['Redis'] ?? found['default'] ?? found) as new (options: object) => Connection
  } catch (cause) {
    throw new StoreError(
      'SKEIN_STORE_DRIVER',
      `A store on Redis needs the package ioredis, which could not be loaded. Run:\n\n  npm install ioredis\n`,
      { store, cause },
    )
  }
}
