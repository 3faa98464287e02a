// Makes folders of files out of other files, and only when something has changed.
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { root } from './steps.mjs'

/**
 * Runs `make`, which gives an exit code, unless that went well the last time and neither what it reads nor what it has
 * written has changed since. `make` is told to begin `anew` when nobody knows in what state its output is: the last run was
 * interrupted, somebody else has changed the output, or there is none. `reads` and `writes` are files and folders, by their
 * paths from the root of the repository; of a folder given as { folder, ending } only the files with that ending count.
 */
export async function made(name, { reads, writes }, make) {
  const note = join(root, '.cache/made', `${name}.json`)
  const last = await readFile(note, 'utf8').then(JSON.parse, () => undefined)
  const read = stateOf(reads)
  const anew = last === undefined || last.written !== stateOf(writes)
  if (!anew && last.code === 0 && last.read === read) return 0
  await rm(note, { force: true })
  const code = await make({ anew })
  await mkdir(dirname(note), { recursive: true })
  await writeFile(note, JSON.stringify({ read, written: stateOf(writes), code }))
  return code
}

/** A short text that is another one as soon as a file is added, removed, or written to. */
function stateOf(paths) {
  const hash = createHash('sha256')
  const add = (path, stats) => hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\0${stats.ctimeMs}\n`)
  for (const each of paths) {
    const { folder: path, ending } = typeof each === 'string' ? { folder: each, ending: '' } : each
    const stats = statSync(join(root, path), { throwIfNoEntry: false })
    if (!stats?.isDirectory()) {
      if (stats) add(path, stats)
      continue
    }
    const entries = readdirSync(join(root, path), { withFileTypes: true, recursive: true })
    const files = entries
      .filter(entry => entry.isFile() && entry.name.endsWith(ending))
      .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    for (const file of files.sort()) add(file, statSync(file, { throwIfNoEntry: false }) ?? {})
  }
  return hash.digest('hex')
}
