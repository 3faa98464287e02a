import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { root } from '../support/paths.ts'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

/** The names that a door exports, values and types. */
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

describe('the doors of the package', () => {
  const doors = Object.entries(manifest.exports).flatMap(([door, entry]) =>
    typeof entry === 'string'
      ? []
      : [{ door, source: entry.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts') }],
  )
  const owners = new Map<string, string[]>()
  for (const { door, source } of doors) {
    for (const name of exportedNames(readFileSync(join(root, source), 'utf8'))) {
      owners.set(name, [...(owners.get(name) ?? []), door])
    }
  }

  test('are really read', () => {
    assert.deepEqual(owners.get('scope'), ['.'])
    assert.deepEqual(owners.get('threads'), ['./threads'])
    assert.deepEqual(owners.get('WaitQueue'), ['./lowlevel'])
    assert.deepEqual(owners.get('DurableQueue'), ['./queue'])
  })

  test('have no name in common: each thing has one name and one door', () => {
    const shared = [...owners].filter(([, at]) => at.length > 1).map(([name, at]) => `${name}: ${at.join(' ')}`)
    assert.deepEqual(shared, [])
  })
})
