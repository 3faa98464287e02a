import type { Store } from '../../stores/roles/store.ts'
import type { Arguments, OptionSpec } from '../command.ts'
import { UsageError } from '../exit-codes.ts'
import { missingFile } from './store-file.ts'

/** The option that says which store a command is about. */
export const storeOption: Readonly<Record<'store', OptionSpec>> = {
  store: { value: 'URL', short: 's', help: 'the store: sqlite:jobs.db (default: what SKEIN_STORE says)' },
}

/** The URL of the store that a command is about. There is no default: a store in the wrong folder would look empty. */
export function storeUrl(args: Arguments, example: string, environment: NodeJS.ProcessEnv = process.env): string {
  const url = args.text('store') ?? environment['SKEIN_STORE']
  if (url !== undefined && url !== '') return url
  throw new UsageError(
    `Say which store: ${example} --store sqlite:jobs.db, or set it once for all commands: export SKEIN_STORE=sqlite:jobs.db`,
    args.command,
  )
}

/** Opens the store, does something with it, and closes it whatever comes. */
export async function withStore<T>(args: Arguments, example: string, use: (store: Store) => Promise<T>): Promise<T> {
  const url = storeUrl(args, example)
  const { openStore } = await import('../../queue/open-store.ts')
  // Opening a mistyped path would make an empty store of that name.
  const missing = missingFile(url)
  if (missing !== undefined) throw new UsageError(missing, args.command)
  const store = await openStore(url)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}
