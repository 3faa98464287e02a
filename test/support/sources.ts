import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { root } from './paths.ts'

/** A file of the repository. */
export interface SourceFile {
  /** Its path from the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** The files under a folder of the repository whose names end in one of the endings, sorted by path. */
export function sourceFiles(folder: string, ...endings: readonly string[]): SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && endings.some(ending => entry.name.endsWith(ending)))
    .filter(entry => !(entry.parentPath ?? entry.path).split(sep).includes('node_modules'))
    .map(entry => {
      const path = join(entry.parentPath ?? entry.path, entry.name)
      return { path: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}
