import { isDenied } from '../../../core/errors/permission.ts'
import { constants, fchmodSync, fchownSync, openSync, statSync } from 'node:fs'

/**
 * Opens a file that stands beside a database, for reading and writing. Where there is none it is made as SQLite makes its own:
 * with the mode of the database, and its owner, so that those who may use the one may use the other.
 */
export function openBeside(path: string, database: string): number {
  const { mode, uid, gid } = statSync(database)
  let file: number
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, mode & 0o777)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    return openSync(path, 'r+')
  }
  if (process.platform === 'win32') return file
  try {
    fchmodSync(file, mode & 0o777)
    if (process.geteuid?.() === 0) fchownSync(file, uid, gid)
  } catch (error) {
    // Node's permission model has no way to allow this: the file has what the umask leaves of the mode.
    if (!isDenied(error)) throw error
  }
  return file
}
