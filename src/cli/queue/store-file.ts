import { existsSync } from 'node:fs'
import { sqliteLocation } from '../../stores/sqlite/file/url.ts'

/** The file of a store; undefined for one that has none. **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but a URL. */
export function storeFile(url: string): string | undefined {
  return /^sqlite:/i.test(url) ? sqliteLocation(url).path : undefined
}

/** The message about a store whose file is missing; undefined where it is there. */
export function missingFile(url: string): string | undefined {
  const path = storeFile(url)
  if (path === undefined || existsSync(path)) return undefined
  return `There is no file ${path}. A store comes into being when the first job is submitted to it, or its first worker starts.`
}
