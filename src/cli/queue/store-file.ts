import { existsSync } from 'node:fs'
import { sqliteLocation } from '../../stores/sqlite/file/url.ts'

/** The file of a store; undefined for one that has none. **Errors**: `SKEIN_INVALID_ARGUMENT` for a URL that is none. */
export function storeFile(url: string): string | undefined {
  return /^sqlite:/i.test(url) ? sqliteLocation(url).path : undefined
}

/** What to say of a store whose file is not there; undefined where it is. */
export function missingFile(url: string): string | undefined {
  const path = storeFile(url)
  if (path === undefined || existsSync(path)) return undefined
  return `There is no file ${path}. A store comes into being when the first job is submitted to it, or its first worker starts.`
}
