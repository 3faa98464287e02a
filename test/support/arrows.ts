import { posix } from 'node:path'
import { importsOf } from './imports.ts'
import type { SourceFile } from './sources.ts'

/** What each folder of src/ may import besides itself. The front door, src/index.ts, is the folder `index`. */
export const below: Readonly<Record<string, readonly string[]>> = {
  core: [],
  call: ['core'],
  ambient: ['core', 'call'],
  pool: ['core', 'call'],
  loop: ['core', 'call', 'pool'],
  threads: ['core', 'call', 'pool'],
  processes: ['core', 'call', 'pool'],
  observe: ['core', 'call'],
  advisor: ['core', 'call', 'pool', 'loop', 'threads', 'processes', 'observe'],
  cli: ['core', 'call', 'pool', 'loop', 'threads', 'processes', 'observe', 'advisor', 'celery', 'stores', 'queue'],
  celery: ['core', 'call'],
  stores: ['core', 'call'],
  queue: ['core', 'call', 'pool', 'loop', 'threads', 'processes', 'celery', 'stores'],
  testing: ['core', 'call', 'celery', 'stores', 'queue'],
  index: ['core', 'call', 'loop'],
}

/** The folders that may import nothing from a package, not even lazily. */
const withoutPackages: ReadonlySet<string> = new Set(['core', 'call', 'pool', 'loop', 'threads', 'processes', 'index'])

/** Every import that points up or sideways, or out of the house where that is not allowed: one sentence for each. */
export function wrongArrows(files: readonly SourceFile[]): string[] {
  const wrong: string[] = []
  for (const { path, text } of files) {
    const from = folderOf(path)
    const allowed = below[from]
    if (!allowed) {
      wrong.push(`${path}: the folder '${from}' has no place in the order of the folders`)
      continue
    }
    for (const { specifier } of importsOf(text)) {
      if (specifier.startsWith('node:')) continue
      if (!specifier.startsWith('.')) {
        // A TypeScript loader is a package of the user's, looked for by name at run time, never a dependency.
        if (withoutPackages.has(from)) wrong.push(`${path} imports the package '${specifier}'`)
        continue
      }
      if (!specifier.endsWith('.ts')) wrong.push(`${path} imports '${specifier}' without its .ts ending`)
      const to = folderOf(target(path, specifier))
      if (to !== from && !allowed.includes(to)) wrong.push(`${path} (${from}) imports '${specifier}' (${to})`)
    }
  }
  return wrong
}

/** The cycles between files that exist at run time, each as a path that ends where it began. */
export function cycles(files: readonly SourceFile[]): string[] {
  const edges = new Map<string, string[]>()
  for (const { path, text } of files) {
    const targets = importsOf(text).filter(each => each.kind === 'static' && each.specifier.startsWith('.'))
    edges.set(
      path,
      targets.map(each => target(path, each.specifier)),
    )
  }
  const found: string[] = []
  const finished = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) found.push([...trail.slice(at), path].join(' -> '))
    if (at >= 0 || finished.has(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    finished.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return found
}

function target(path: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(path), specifier))
}

function folderOf(path: string): string {
  const [, folder = '', ...rest] = path.split('/')
  return rest.length === 0 ? folder.replace(/\.ts$/, '') : folder
}
