import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './paths.ts'

/** An entry point of the package. */
export interface Door {
  /** The specifier that programs import: `skein/threads`. */
  readonly specifier: string
  /** The names that it exports, values and types. */
  readonly names: readonly string[]
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

function exportedNames(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*/g, '')
  const lists = [...code.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = '']) => list.split(','))
  const listed = lists.map(each =>
    each
      .trim()
      .replace(/^type /, '')
      .replace(/^.* as /, ''),
  )
  const declared = [...code.matchAll(/^export (?:async )?(?:function\*?|class|const|interface|type) (\w+)/gm)]
  return [...listed.filter(each => each !== ''), ...declared.map(([, name = '']) => name)]
}

/** The entry points in the exports map of package.json. */
export const doors: readonly Door[] = Object.entries(manifest.exports).flatMap(([door, entry]) => {
  if (typeof entry === 'string') return []
  const source = entry.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
  const names = exportedNames(readFileSync(join(root, source), 'utf8'))
  return [{ specifier: door === '.' ? 'skein' : `skein/${door.slice(2)}`, names }]
})
