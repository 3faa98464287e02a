import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Source files found on this machine. */
export interface SourceFiles {
  readonly files: readonly string[]
  /** The folders that they are from. */
  readonly folders: readonly string[]
}

const source = /\.(?:[cm]?[jt]s|jsx|tsx|json|md|css|html|h|c|cc|py)$/
/** Smaller files are hardly any work, larger ones are bundles that nobody wrote. */
const smallest = 100
const largest = 300_000

/** Finds source files: under node_modules of this package and of the current folder, beside Node itself, then the rest. */
export function findSourceFiles(wanted: number, most: number): SourceFiles {
  const package_ = resolve(fileURLToPath(new URL('../../../', import.meta.url)))
  const candidates = [
    join(package_, 'node_modules'),
    join(process.cwd(), 'node_modules'),
    ...(basename(dirname(package_)) === 'node_modules' ? [dirname(package_)] : []),
    join(dirname(process.execPath), '..', 'lib', 'node_modules'),
    join(dirname(process.execPath), '..', 'include', 'node'),
    process.cwd(),
  ]
  const files = new Set<string>()
  const folders: string[] = []
  for (const folder of candidates) {
    const before = files.size
    collect(folder, files, most, 0)
    if (files.size > before) folders.push(folder)
    if (files.size >= wanted) break
  }
  return { files: [...files], folders }
}

function collect(folder: string, files: Set<string>, most: number, depth: number): void {
  if (files.size >= most || depth > 14) return
  let entries
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch {
    return
  }
  for (const entry of entries) {
    if (files.size >= most) return
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (entry.name !== '.git') collect(path, files, most, depth + 1)
    } else if (entry.isFile() && source.test(entry.name)) {
      const { size } = statSync(path)
      if (size >= smallest && size <= largest) files.add(path)
    }
  }
}
