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
  shared: ['core', 'call'],
  par: ['core', 'call', 'shared'],
  wasm: ['core', 'call'],
  observe: ['core', 'call', 'stores'],
  advisor: ['core', 'call', 'pool', 'loop', 'threads', 'processes', 'observe'],
  inspect: ['core', 'call', 'celery', 'stores', 'queue', 'observe'],
  dashboard: ['core', 'call', 'celery', 'stores', 'queue', 'inspect'],
  cli: [
    'core',
    'call',
    'pool',
    'loop',
    'threads',
    'processes',
    'observe',
    'advisor',
    'celery',
    'stores',
    'queue',
    'inspect',
    'dashboard',
  ],
  celery: ['core', 'call'],
  stores: ['core', 'call', 'celery'],
  queue: ['core', 'call', 'pool', 'loop', 'threads', 'processes', 'celery', 'stores'],
  testing: ['core', 'call', 'celery', 'stores', 'queue'],
  lowlevel: ['core', 'call'],
  graph: ['core', 'call'],
  index: ['core', 'call', 'graph', 'loop', 'observe'],
}

/**
 * The order of the rooms inside of the big folders, from the ground up: each line may import those above it, and rooms on one
 * line do not import each other. A name is a folder, or a file that stands in none.
 */
const inside: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'src/core': [
    ['errors', 'brand', 'node', 'shared'],
    ['tree'],
    ['time', 'events'],
    ['report'],
    ['job', 'debug'],
    ['scope'],
    ['sync', 'combine'],
    ['flow', 'program'],
    ['system'],
  ],
  'src/call': [['define'], ['codec'], ['queue-options'], ['options'], ['call', 'map'], ['executor'], ['run']],
  'src/pool': [['wire'], ['words'], ['crew', 'host']],
  'src/shared': [['memory'], ['waiting'], ['locks', 'signals', 'data'], ['index']],
  'src/par': [
    ['plan', 'leaves'],
    ['reference', 'endings', 'sources'],
    ['lane'],
    ['run'],
    ['types'],
    ['collection'],
    ['par'],
    ['in-place'],
    ['index'],
  ],
  'src/stores': [
    ['roles', 'story', 'end-counter', 'job-counter', 'crash-point', 'call-id'],
    ['options', 'check', 'refusals', 'without-secret', 'listeners'],
    ['check-schedules', 'moved', 'pulling', 'threaded', 'after-failure'],
    ['memory', 'sqlite', 'redis', 'together'],
    ['index'],
  ],
  'src/stores/redis': [
    ['wire'],
    ['scripts'],
    ['connection'],
    ['url', 'arguments', 'claims', 'leases'],
    ['canvas'],
    ['handle'],
    ['roles'],
    ['redis-store'],
    ['by-url'],
  ],
  'src/stores/sqlite': [['file'], ['calls'], ['roles', 'thread'], ['starter'], ['sqlite-store'], ['shared'], ['index']],
  'src/dashboard': [
    ['rights', 'assets', 'answers', 'node-handler'],
    ['search', 'live'],
    ['jobs'],
    ['options'],
    ['access'],
    ['api'],
    ['dashboard'],
    ['index', 'page'],
  ],
  'src/queue': [
    ['contract'],
    ['signatures'],
    ['outgoing', 'outcome', 'memo'],
    ['graph'],
    ['default-queue', 'open-store', 'inside', 'schedules'],
    ['client', 'worker'],
    ['work'],
    ['index'],
  ],
}

/** The folders that may import nothing from a package, not even lazily. */
const withoutPackages: ReadonlySet<string> = new Set([
  'core',
  'call',
  'graph',
  'pool',
  'loop',
  'threads',
  'processes',
  'shared',
  'par',
  'wasm',
  'index',
])

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

/** Every import between the rooms of a big folder that points up or sideways, for types only, too: one sentence for each. */
export function wrongRooms(files: readonly SourceFile[]): string[] {
  const wrong: string[] = []
  for (const [folder, lines] of Object.entries(inside)) {
    const line = (room: string): number => lines.findIndex(rooms => rooms.includes(room))
    for (const { path, text } of files) {
      const from = roomOf(path, folder)
      if (from === undefined) continue
      if (line(from) < 0) wrong.push(`${path}: '${from}' has no place in the order of ${folder}`)
      for (const { specifier } of importsOf(text)) {
        const to = specifier.startsWith('.') ? roomOf(target(path, specifier), folder) : undefined
        if (to === undefined || to === from || (line(to) >= 0 && line(to) < line(from))) continue
        wrong.push(`${path} (${from}) imports '${specifier}' (${to})`)
      }
    }
  }
  return wrong
}

/**
 * The circles of files, each as a path that ends where it began. An import for types alone closes one, too; what is loaded
 * lazily closes none.
 */
export function circles(files: readonly SourceFile[]): string[] {
  const edges = new Map<string, string[]>()
  for (const { path, text } of files) {
    const targets = importsOf(text).filter(each => each.kind !== 'dynamic' && each.specifier.startsWith('.'))
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

/** The room of a file in a folder: what stands directly in that folder and holds the file, or is it. */
function roomOf(path: string, folder: string): string | undefined {
  if (!path.startsWith(`${folder}/`)) return undefined
  const [room = '', ...rest] = path.slice(folder.length + 1).split('/')
  return rest.length === 0 ? room.replace(/\.ts$/, '') : room
}
