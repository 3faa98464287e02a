import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidArgumentError } from '../../../core/errors/errors.ts'

/** The worst that a commit survives: `full` a power cut, `relaxed` the death of any program. */
type Durability = 'full' | 'relaxed'

/** The parts of the URL of a SQLite store. */
export interface SqliteLocation {
  /** Absolute. */
  readonly path: string
  readonly durability: Durability
}

/** Reads `sqlite:jobs.db?durability=relaxed`, `sqlite:/var/lib/jobs.db` or `sqlite:file:///var/lib/jobs.db`. */
export function sqliteLocation(url: string): SqliteLocation {
  const match = /^sqlite:([^?]*)(?:\?(.*))?$/i.exec(url)
  if (!match)
    throw new InvalidArgumentError(`The URL of a SQLite store is 'sqlite:PATH', as in 'sqlite:jobs.db', got '${url}'`)
  const [, place = '', query = ''] = match
  let durability: Durability = 'full'
  for (const [name, value] of new URLSearchParams(query)) {
    if (name !== 'durability') {
      throw new InvalidArgumentError(`Unknown setting '${name}' in '${url}'. Known is: durability`)
    }
    if (value !== 'full' && value !== 'relaxed') {
      throw new InvalidArgumentError(`durability must be full or relaxed, got '${value}' in '${url}'`)
    }
    durability = value
  }
  const path = pathOf(place, url)
  if (path === '' || path === ':memory:') {
    throw new InvalidArgumentError(
      `A SQLite store needs a file, as in 'sqlite:jobs.db', got '${url}'. For a store in memory use 'memory:NAME'.`,
    )
  }
  return { path: realPath(resolve(path)), durability }
}

/** The file itself, where the path leads over symbolic links: programs that open it by another one have to find the files beside it. */
function realPath(path: string, links: number = mostLinks): string {
  try {
    return realpathSync(path)
  } catch {
    // It is not there yet; its folder may be, and a link to it.
  }
  try {
    const folder = realpathSync(dirname(path))
    const file = join(folder, basename(path))
    const target = targetOf(file)
    return target === undefined || links === 0 ? file : realPath(resolve(folder, target), links - 1)
  } catch {
    return path
  }
}

/** More links in a row than a system follows lead in a circle. */
const mostLinks = 40

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}

function pathOf(place: string, url: string): string {
  if (/^file:/i.test(place)) return fileURLToPath(place)
  try {
    return decodeURIComponent(place.startsWith('//') ? place.slice(2) : place)
  } catch {
    throw new InvalidArgumentError(`A % in a URL must be written as %25, got '${url}'`)
  }
}
