import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { circles, wrongArrows, wrongRooms } from '../support/arrows.ts'
import { importsOf } from '../support/imports.ts'
import { sourceFiles } from '../support/sources.ts'

describe('the folders of src/', () => {
  const files = sourceFiles('src', '.ts')

  test('import only what lies below them, and core and call import no package', () => {
    assert.deepEqual(wrongArrows(files), [])
  })

  test('have rooms inside that import only what lies below them', () => {
    assert.deepEqual(wrongRooms(files), [])
  })

  test('hold no circle of files, not even one that is closed for types alone', () => {
    assert.deepEqual(circles(files), [])
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
    assert.equal(planted('src/core/scope.ts', `import { loop } from '../loop/loop.ts'\n`).length, 1)
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

  test('that closes a circle is noticed, unless it is loaded lazily', () => {
    const pair = (back: string): string[] =>
      circles([
        { path: 'src/core/a.ts', text: `import { b } from './b.ts'\n` },
        { path: 'src/core/b.ts', text: back },
      ])
    const found = ['src/core/a.ts -> src/core/b.ts -> src/core/a.ts']
    assert.deepEqual(pair(`import { a } from './a.ts'\n`), found)
    assert.deepEqual(pair(`import type { a } from './a.ts'\n`), found)
    assert.deepEqual(pair(`export const later = () => import('./a.ts')\n`), [])
  })
})

describe('a planted import inside of a folder', () => {
  const planted = (path: string, text: string): string[] => wrongRooms([{ path, text }])

  test('that points up is noticed, also for types only', () => {
    assert.equal(planted('src/core/tree/member.ts', `import type { Scope } from '../scope/scope.ts'\n`).length, 1)
    assert.equal(planted('src/call/codec/pack.ts', `import { isCall } from '../call.ts'\n`).length, 1)
    assert.equal(planted('src/call/define/task.ts', `import type { Entry } from '../run/entry.ts'\n`).length, 1)
    assert.equal(planted('src/pool/wire/ledger.ts', `import { x } from '../words/tags.ts'\n`).length, 1)
    assert.equal(planted('src/stores/sqlite/file/url.ts', `import { x } from '../calls/turn.ts'\n`).length, 1)
  })

  test('that points to a room beside it is noticed', () => {
    assert.equal(planted('src/pool/host/host.ts', `import type { Crew } from '../crew/crew.ts'\n`).length, 1)
    assert.equal(planted('src/queue/client/connect.ts', `import { x } from '../worker/worker.ts'\n`).length, 1)
  })

  test('of a room that nobody has given a place is noticed', () => {
    assert.deepEqual(planted('src/call/misc/x.ts', ''), [
      `src/call/misc/x.ts: 'misc' has no place in the order of src/call`,
    ])
    assert.equal(planted('src/pool/crew/crew.ts', `import { x } from '../misc.ts'\n`).length, 1)
  })

  test('that points down, or stays in its room, is fine', () => {
    assert.deepEqual(planted('src/pool/crew/crew.ts', `import { x } from '../wire/x.ts'\nimport './y.ts'\n`), [])
    assert.deepEqual(planted('src/call/run/entry.ts', `import type { Call } from '../call.ts'\n`), [])
  })
})
