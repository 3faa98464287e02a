import { checkKnown, describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { Store } from '../stores/roles/store.ts'
// Not left to the import below: in a bundle, the thread of a store finds out here that it is one.
import '../stores/sqlite/starter.ts'
import { isSameStore, together } from '../stores/together/together.ts'
import { withoutSecret } from '../stores/without-secret.ts'

/** The functions that open a store, by the part of a URL before the colon. Each is loaded when it is asked for. */
const schemes: Readonly<Record<string, (url: string, shares: boolean) => Promise<Store>>> = {
  sqlite: async (url, shares) =>
    shares
      ? (await import('../stores/sqlite/shared.ts')).sharedSqliteStore(url)
      : (await import('../stores/sqlite/index.ts')).sqliteStore(url),
  memory: async url => (await import('../stores/memory/by-url.ts')).sharedMemoryStore(url),
  redis: async url => (await import('../stores/redis/by-url.ts')).redisStore(url),
  rediss: async url => (await import('../stores/redis/by-url.ts')).redisStore(url),
}

const examples = `sqlite:jobs.db (a file), redis://127.0.0.1:6379/0 (a server), memory:tests (this program alone)`

/** Two stores by their URLs: jobs stand in one and are handed over by its broker, and how they end is kept in the other. */
export interface StorePair {
  readonly broker: string | URL
  readonly results: string | URL
}

/** The address of a store: its URL, or two of them. */
export type StoreAddress = string | URL | StorePair

/** True for what can be an address; whether there is such a store is seen when it is opened. */
export function isAddress(address: unknown): address is StoreAddress {
  return isUrl(address) || isPair(address)
}

function isUrl(value: unknown): value is string | URL {
  return typeof value === 'string' || value instanceof URL
}

function isPair(address: unknown): address is StorePair {
  const { broker, results } = (address ?? {}) as Partial<StorePair>
  return isUrl(broker) && isUrl(results)
}

const pairNames: ReadonlySet<string> = new Set(['broker', 'results'])

/**
 * Opens the store of a URL: `sqlite:PATH` with `?durability=relaxed` if you like, `redis://HOST:PORT/DB`, or `memory:NAME`. Of two URLs, as in
 * `{ broker: 'memory:jobs', results: 'sqlite:results.db' }`, the first is where jobs stand, and the second where their results are kept.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a URL of no known kind; `SKEIN_STORE_UNSUPPORTED` for two stores that cannot work together;
 * and what a store says when it cannot be opened.
 */
export async function openStore(address: StoreAddress): Promise<Store> {
  return openAddress(address, false)
}

/** `openStore` for those who take no jobs out of it: many of them in one program cost little more than one. */
export async function openShared(address: StoreAddress): Promise<Store> {
  return openAddress(address, true)
}

async function openAddress(address: StoreAddress, shares: boolean): Promise<Store> {
  if (!isPair(address)) return openOne(address, shares)
  checkKnown(address, pairNames, 'part of a store')
  // One store that has all is more than its two halves.
  if (String(address.broker) === String(address.results)) return openOne(address.broker, shares)
  const calls = await openOne(address.broker, shares)
  try {
    const kept = await openOne(address.results, shares)
    try {
      // Two names of one store: a link, a relative path and an absolute one.
      if (!isSameStore(calls, kept) || calls.broker.durability !== kept.broker.durability) return together(calls, kept)
      await kept.close()
      return calls
    } catch (error) {
      await kept.close()
      throw error
    }
  } catch (error) {
    await calls.close()
    throw error
  }
}

async function openOne(url: string | URL, shares: boolean): Promise<Store> {
  const text = url instanceof URL ? url.href : url
  if (typeof text !== 'string') {
    throw new InvalidArgumentError(
      `The URL of a store must be a string such as 'sqlite:jobs.db', or two of them, as in { broker, results }, got ${describe(url)}`,
    )
  }
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  const open = scheme !== undefined && Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined
  if (open) return open(text, shares)
  const shown = withoutSecret(text)
  throw new InvalidArgumentError(
    scheme === undefined || scheme.length === 1
      ? `The URL of a store begins with its kind, got ${describe(shown)}. For a file write 'sqlite:${shown}'. There are: ${examples}.`
      : `There is no store of the kind '${scheme}:' (${describe(shown)}). There are: ${examples}.`,
  )
}
