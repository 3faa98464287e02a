import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { type Call, call, current, NonRetryableError, task } from 'skein'
import { type Kind, kinds, type Measure, type Summary, total } from './measure.ts'
import { page } from './page.ts'

/** The whole pipeline as a value: all packages are measured side by side, then added up, then published. */
export function pipeline(folder: string, file: string): Call<string> {
  const packages = packagesIn(folder)
  if (packages.length === 0) throw new NonRetryableError(`There are no packages in ${folder}`)
  const measures = packages.map(path => call(measure, path).with({ retries: 2 }))
  return call(publish, call(summarize, folder, measures), file)
}

/**
 * The pipeline for those who do not know yet which packages there will be, as a schedule. A task that returns a call is done when that
 * call is.
 */
export const survey = task(import.meta, function survey(folder: string, file: string): Call<string> {
  return pipeline(folder, file)
})

/** Transform: reads all files of a package. Synchronous on purpose, since each call has a thread to itself. */
export const measure = task(import.meta, function measure(folder: string): Measure {
  const s = current()
  const about = aboutPackage(folder)
  const bytes: Record<Kind, number> = { code: 0, types: 0, binaries: 0, 'source maps': 0, other: 0 }
  let files = 0
  let lines = 0
  for (const file of filesIn(folder)) {
    s.checkpoint() // a cancelled run stops here
    const content = readFileSync(file)
    const kind = kindOf(file, content)
    bytes[kind] += content.length
    files++
    if (kind === 'code' || kind === 'types') lines += linesOf(content)
  }
  return { ...about, files, lines, bytes }
})

/** Reduce: what the page tells. */
export const summarize = task(import.meta, function summarize(folder: string, measures: readonly Measure[]): Summary {
  const bytes: Record<Kind, number> = { code: 0, types: 0, binaries: 0, 'source maps': 0, other: 0 }
  const licenses = new Map<string, number>()
  for (const each of measures) {
    for (const kind of kinds) bytes[kind] += each.bytes[kind]
    licenses.set(each.license, (licenses.get(each.license) ?? 0) + 1)
  }
  return {
    folder,
    files: measures.reduce((sum, each) => sum + each.files, 0),
    lines: measures.reduce((sum, each) => sum + each.lines, 0),
    bytes,
    packages: measures.toSorted((a, b) => total(b.bytes) - total(a.bytes)),
    licenses: [...licenses].toSorted((a, b) => b[1] - a[1]),
  }
})

/** Load: writes the page. Whoever reads it sees the old one or the new one, whatever is killed and whenever. */
export const publish = task(import.meta, function publish(summary: Summary, file: string): string {
  const next = `${file}.${process.pid}.next`
  writeFileSync(next, page(summary))
  renameSync(next, file)
  return file
})

/** The folders of the packages in a `node_modules`: those with a scope are one level further down. */
function packagesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap(({ name }) =>
      name.startsWith('@')
        ? readdirSync(join(folder, name)).map(inner => join(folder, name, inner))
        : [join(folder, name)],
    )
    .toSorted()
}

/** All files of a package, without those of packages inside of it. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesIn(path)
    return entry.isFile() ? [path] : []
  })
}

function aboutPackage(folder: string): Pick<Measure, 'name' | 'version' | 'license'> {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
  const { name, version, license } = about
  return {
    name: typeof name === 'string' ? name : basename(folder),
    version: typeof version === 'string' ? version : '',
    license: typeof license === 'string' ? license : 'not said',
  }
}

function kindOf(file: string, content: Buffer): Kind {
  if (content.subarray(0, 1_000).includes(0)) return 'binaries'
  if (/\.d\.[cm]?ts$/.test(file)) return 'types'
  const ending = extname(file)
  if (['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'].includes(ending)) return 'code'
  return ending === '.map' ? 'source maps' : 'other'
}

function linesOf(content: Buffer): number {
  let lines = 0
  for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) lines++
  return lines
}
