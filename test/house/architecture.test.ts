import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { below } from '../support/arrows.ts'
import { root } from '../support/paths.ts'
import { sourceFiles } from '../support/sources.ts'

const architecture = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
const rooms = readdirSync(join(root, 'src'), { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name)

/** The names of files and folders of src/ that a page mentions in code, from the roots that they may be meant from. */
function missing(text: string, ...from: readonly string[]): string[] {
  const named = [...text.matchAll(/`([a-z-]+(?:\/[a-z-]+)*\/?[a-z-]*\.(?:ts|md))`/g)].map(match => match[1] ?? '')
  const there = (name: string): boolean => from.some(folder => existsSync(join(root, folder, name)))
  return [...new Set(named)].filter(name => !there(name))
}

describe('ARCHITECTURE.md', () => {
  test('names every room of src/, and no room without a place in the order exists', () => {
    const picture = architecture.slice(architecture.indexOf('```'), architecture.lastIndexOf('```'))
    for (const room of rooms) {
      assert.ok(new RegExp(`\\b${room}\\b`).test(picture), `the picture lacks ${room}`)
      assert.ok(room in below, `${room} has no place in the order of the folders`)
    }
  })

  test('names only files that are there', () => {
    assert.deepEqual(missing(architecture, 'src', '.'), [])
  })

  test('would be found out: a file that is not there is noticed', () => {
    assert.deepEqual(missing('see `core/no-such-file.ts` and `core/scope/scope.ts`', 'src'), ['core/no-such-file.ts'])
  })
})

describe('the pages of the rooms', () => {
  for (const { path, text } of sourceFiles('src', 'README.md')) {
    test(`${path} names only files that are there`, () => {
      // A file of the room may stand in any folder of it.
      const folder = dirname(path)
      const inner = sourceFiles(folder, '.ts').map(file => dirname(file.path))
      assert.deepEqual(missing(text, folder, 'src', '.', ...new Set(inner)), [])
    })
  }
})
