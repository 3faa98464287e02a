import { describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { Store } from '../stores/roles/store.ts'

/** The functions that open a store, by the part of a URL before the colon. Each is loaded when it is asked for. */
const schemes: Readonly<Record<string, (url: string) => Promise<Store>>> = {
  sqlite: async url => (await import('../stores/sqlite/index.ts')).sqliteStore(url),
  memory: async url => (await import('../stores/memory/by-url.ts')).sharedMemoryStore(url),
}

const examples = `sqlite:jobs.db (a file), memory:tests (this program alone)`

/**
 * Opens the store of a URL: `sqlite:PATH` with `?durability=relaxed` if you like, or `memory:NAME`.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a URL of no known kind; and what the store says when it cannot be opened.
 */
export async function openStore(url: string | URL): Promise<Store> {
  const text = url instanceof URL ? url.href : url
  if (typeof text !== 'string') {
    throw new InvalidArgumentError(`The URL of a store must be a string such as 'sqlite:jobs.db', got ${describe(url)}`)
  }
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  const open = scheme !== undefined && Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined
  if (open) return open(text)
  // It may contain a password.
  const shown = text.replace(/\/\/[^@/]*@/, '//…@')
  throw new InvalidArgumentError(
    scheme === undefined || scheme.length === 1
      ? `The URL of a store begins with its kind, got ${describe(shown)}. For a file write 'sqlite:${shown}'. There are: ${examples}.`
      : `There is no store of the kind '${scheme}:' (${describe(shown)}). There are: ${examples}.`,
  )
}
