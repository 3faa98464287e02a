import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cycles, wrongArrows } from '../support/arrows.ts'
import { importsOf } from '../support/imports.ts'
import { sourceFiles } from '../support/sources.ts'

describe('the folders of src/', () => {
  const files = sourceFiles('src', '.ts')

  test('import only what lies below them, and core and call import no package', () => {
    assert.deepEqual(wrongArrows(files), [])
  })

  test('hold no cycle of files at run time', () => {
    assert.deepEqual(cycles(files), [])
  })

  test('are really read: the imports of a known file are found', () => {
    const call = files.find(file => file.path === 'src/call/call.ts')
    assert.ok(call)
    const specifiers = importsOf(call.text).map(each => each.specifier)
    assert.ok(specifiers.includes('../core/errors/errors.ts'))
    assert.ok(specifiers.includes('./define/task.ts'))
    assert.ok(!specifiers.includes('skein'), 'code in docstrings is no import')
  })
})

describe('a planted import', () => {
  const planted = (path: string, text: string): string[] => wrongArrows([{ path, text }])

  test('that points up is noticed', () => {
    assert.equal(planted('src/core/scope.ts', `import { loop } from '../loop/index.ts'\n`).length, 1)
  })

  test('that points sideways is noticed', () => {
    assert.equal(planted('src/threads/index.ts', `import { x } from '../processes/x.ts'\n`).length, 1)
  })

  test('that points up for a type only is noticed', () => {
    assert.equal(planted('src/core/scope.ts', `import type { Call } from '../call/call.ts'\n`).length, 1)
  })

  test('that is loaded lazily, re-exported or spread over lines is noticed', () => {
    assert.equal(planted('src/call/call.ts', `const x = await import('../pool/x.ts')\n`).length, 1)
    assert.equal(planted('src/call/call.ts', `export { x } from '../pool/x.ts'\n`).length, 1)
    assert.equal(planted('src/call/call.ts', `import {\n  x,\n  y,\n} from '../pool/x.ts'\n`).length, 1)
    assert.equal(planted('src/call/call.ts', `import '../pool/x.ts'\n`).length, 1)
  })

  test('of a package is noticed in core and call', () => {
    assert.equal(planted('src/core/scope.ts', `import { x } from 'p-queue'\n`).length, 1)
    assert.equal(planted('src/call/call.ts', `import p from 'p-queue'\n`).length, 1)
  })

  test('of a folder that nobody has given a place is noticed', () => {
    assert.equal(planted('src/misc/x.ts', '').length, 1)
  })

  test('that points down is fine', () => {
    assert.deepEqual(planted('src/pool/pool.ts', `import { x } from '../core/x.ts'\nimport { y } from 'node:fs'\n`), [])
  })

  test('that closes a cycle is noticed, unless it is for types or loaded lazily', () => {
    const pair = (back: string): string[] =>
      cycles([
        { path: 'src/core/a.ts', text: `import { b } from './b.ts'\n` },
        { path: 'src/core/b.ts', text: back },
      ])
    assert.deepEqual(pair(`import { a } from './a.ts'\n`), ['src/core/a.ts -> src/core/b.ts -> src/core/a.ts'])
    assert.deepEqual(pair(`import type { a } from './a.ts'\n`), [])
    assert.deepEqual(pair(`export const later = () => import('./a.ts')\n`), [])
  })
})
