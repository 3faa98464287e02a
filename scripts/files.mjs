// What the other scripts do with folders. Paths are from the root of the repository, or of a folder in it, and have
// forward slashes on every system.
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { readdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { root } from './steps.mjs'

/** The files in a folder and in the folders inside it; none where there is no such folder. */
export async function filesUnder(folder) {
  const top = join(root, folder)
  const entries = await readdir(top, { withFileTypes: true, recursive: true }).catch(error => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => pathIn(top, join(entry.parentPath ?? entry.path, entry.name)))
}

/** The path of a file in a folder, both as the system writes them. */
export function pathIn(folder, file) {
  return relative(folder, file).split(sep).join('/')
}

/** Removes files from a folder, and the folders that are empty without them. */
export async function removeFiles(folder, paths) {
  await Promise.all(paths.map(path => rm(join(root, folder, path), { force: true })))
  const above = new Set(paths.flatMap(foldersOf))
  const deepestFirst = [...above].sort((a, b) => b.length - a.length)
  for (const path of deepestFirst) await rmdir(join(root, folder, path)).catch(() => {}) // it holds something else
}

function foldersOf(path) {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'))
}

/** Writes a file unless it holds just that, so that its modification time tells when it really changed. */
export function writeIfChanged(path, content) {
  const target = join(root, path)
  const bytes = Buffer.from(content)
  if (statSync(target, { throwIfNoEntry: false })?.size === bytes.length && bytes.equals(readFileSync(target))) return
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, bytes)
}
