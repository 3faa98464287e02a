import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { withoutSecret } from '../without-secret.ts'
import type { ConnectionOptions, SentinelAddress } from './connection/client.ts'
import type { Copies } from './connection/link.ts'

/** The place that the URL of a Redis store names, and what it says beside. */
export interface RedisPlace {
  /** The URL without secrets. */
  readonly url: string
  /** Tells places apart. */
  readonly location: string
  readonly connection: ConnectionOptions
  /** In front of all keys. */
  readonly prefix: string
  /** Milliseconds that what has ended is kept. */
  readonly resultExpires: number
  /** The copies that a change must have before it counts; undefined where the server's own is enough. */
  readonly copies: Copies | undefined
  /** Milliseconds after which what a worker in Python holds is handed over again; undefined to leave that to Python. */
  readonly visibilityTimeout: number | undefined
}

const names: ReadonlySet<string> = new Set([
  'prefix',
  'result_expires',
  'visibility_timeout',
  'sentinel',
  'sentinels',
  'wait_replicas',
  'wait_disk',
])
const example = `'redis://127.0.0.1:6379/0'`

/**
 * Reads `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`, or `rediss://` for TLS, with `?result_expires=86400`, `visibility_timeout=3600` (both
 * in seconds, as Celery has them) and `prefix=`. With `sentinel=NAME` the host is a Sentinel that knows where the primary of that name is, and
 * `sentinels=HOST:PORT,…` are others that do. `wait_replicas=1` and `wait_disk=yes` say what must have a change before it counts.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT`.
 */
export function redisPlace(text: string): RedisPlace {
  const shown = withoutSecret(text)
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new InvalidArgumentError(`The URL of a Redis store is such as ${example}, got ${describe(shown)}`)
  }
  const { protocol, hostname, port, username, password, pathname, searchParams } = url
  if ((protocol !== 'redis:' && protocol !== 'rediss:') || hostname === '') {
    throw new InvalidArgumentError(`The URL of a Redis store is such as ${example}, got ${describe(shown)}`)
  }
  const db = /^\/?(\d{0,6})$/.exec(pathname)?.[1]
  if (db === undefined) {
    throw new InvalidArgumentError(
      `The path in the URL of a Redis store is the number of a database, as in ${example}, got ${describe(shown)}`,
    )
  }
  for (const name of searchParams.keys()) {
    if (!names.has(name))
      throw new InvalidArgumentError(
        `The URL of a Redis store has no parameter ${describe(name)}. There are: ${[...names].join(', ')}`,
      )
  }
  const host = hostname.replace(/^\[|\]$/g, '')
  const number = Number(port || 6379)
  if (number === 0)
    throw new InvalidArgumentError(`The port in the URL of a Redis store is 1 to 65535, got ${describe(shown)}`)
  const database = Number(db || 0)
  const sentinels = sentinelsIn(searchParams, { host, port: port === '' ? 26379 : number })
  const secure = protocol === 'rediss:'
  const prefix = searchParams.get('prefix') ?? ''
  return {
    // It can be read, so an @ in its query is none that ends a password.
    url: text.replace(/\/\/[^/?#]*@/, '//…@'),
    location: `redis:${sentinels ? `${sentinels.name}@` : ''}${host}:${number}/${database}/${prefix}`,
    connection: {
      ...(sentinels ?? { host, port: number }),
      db: database,
      ...(username === '' ? {} : { username: decoded(username) }),
      ...(password === '' ? {} : { password: decoded(password) }),
      ...(secure ? { tls: {} } : {}),
      ...(secure && sentinels ? { sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    },
    prefix,
    resultExpires: secondsOf(searchParams, 'result_expires') ?? 86_400_000,
    copies: copiesIn(searchParams),
    visibilityTimeout: secondsOf(searchParams, 'visibility_timeout'),
  }
}

/** The Sentinels that know where the server is. @param first the one that the URL names as its host */
function sentinelsIn(
  parameters: URLSearchParams,
  first: SentinelAddress,
): { readonly name: string; readonly sentinels: readonly SentinelAddress[] } | undefined {
  const name = parameters.get('sentinel')
  const others = parameters.get('sentinels')
  if (name === null || name === '') {
    if (name === null && others === null) return undefined
    throw new InvalidArgumentError(
      `With sentinels in the URL of a Redis store goes the name of their primary, as in sentinel=mymaster, got ${describe(name)}`,
    )
  }
  return { name, sentinels: [first, ...(others ? others.split(',').map(addressOf) : [])] }
}

function addressOf(text: string): SentinelAddress {
  const found = /^(?:\[([\da-fA-F:.]+)\]|([^:/@\s]+))(?::(\d{1,5}))?$/.exec(text)
  const port = Number(found?.[3] ?? 26379)
  if (found && port > 0 && port < 65_536) return { host: (found[1] ?? found[2]) as string, port }
  throw new InvalidArgumentError(
    `sentinels in the URL of a Redis store are addresses such as one.example:26379,two.example:26379, got ${describe(text)}`,
  )
}

function copiesIn(parameters: URLSearchParams): Copies | undefined {
  const [replicas, disk] = [parameters.get('wait_replicas') ?? '0', parameters.get('wait_disk') ?? 'no']
  if (!/^\d{1,3}$/.test(replicas))
    throw new InvalidArgumentError(
      `wait_replicas in the URL of a Redis store must be a number of replicas from 0 to 999, got ${describe(replicas)}`,
    )
  if (disk !== 'yes' && disk !== 'no')
    throw new InvalidArgumentError(`wait_disk in the URL of a Redis store must be yes or no, got ${describe(disk)}`)
  if (Number(replicas) === 0 && disk === 'no') return undefined
  return { replicas: Number(replicas), onDisk: disk === 'yes' }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new InvalidArgumentError('A % in the user or the password in the URL of a Redis store must be written as %25')
  }
}

function secondsOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name)
  if (text === null) return undefined
  const seconds = Number(text)
  if (/^\d+(?:\.\d+)?$/.test(text) && seconds >= 1 && seconds <= 3e9) return Math.round(seconds * 1000)
  throw new InvalidArgumentError(
    `${name} in the URL of a Redis store must be seconds from 1 to 3,000,000,000, got ${describe(text)}`,
  )
}
