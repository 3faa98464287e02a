import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { enter, runIn, type ScopeSource } from '#skein/core/scope/slot.js'
import { background } from 'skein/lowlevel'
import { CancelledError, current, NoCurrentScopeError, scope } from 'skein'
import { root } from '../../support/paths.ts'
import { rejection } from '../deferred.ts'
import { programFolder, runProgram } from '../program.ts'

describe('current', () => {
  test('is the scope of the body or task whose synchronous part runs', async () => {
    await scope(async s => {
      assert.equal(current(), s)
      await s.scope(inner => assert.equal(current(), inner))
      await s.spawn(child => assert.equal(current(), child)).result()
      await s.shield(inner => assert.equal(current(), inner), { timeout: '1s' })
    })
  })

  test('says what to do where no task is running, and after an await', async () => {
    assert.throws(() => current(), NoCurrentScopeError)
    await scope(async s => {
      await s.sleep(0)
      assert.throws(() => current(), {
        code: 'SKEIN_NO_CURRENT_SCOPE',
        message: /before the first await.*keep it in a variable.*skein\/ambient/s,
      })
    })
  })

  test('does not leak out of a body, whether it returns or throws', async () => {
    const running = scope(s => s.sleep(0))
    assert.throws(() => current(), NoCurrentScopeError)
    await running
    await rejection(
      scope(() => {
        throw new Error('body')
      }),
    )
    assert.throws(() => current(), NoCurrentScopeError)
  })

  test('belongs to the nearest of nested synchronous parts', async () => {
    await scope(outer => {
      const inside = scope(inner => {
        assert.equal(current(), inner)
        assert.equal(inner.parent, outer)
      })
      assert.equal(current(), outer)
      return inside
    })
  })

  test('asks a source for its scope only when it is needed', () => {
    let asked = 0
    const source: ScopeSource = { toScope: () => (asked++, background()) }
    assert.equal(
      runIn(source, () => 1),
      1,
    )
    assert.equal(asked, 0)
    runIn(source, () => assert.equal(current(), background()))
    assert.equal(asked, 1)
  })

  test('can be set and given back by hand', () => {
    const before = enter(background())
    assert.equal(before, undefined)
    assert.equal(current(), background())
    assert.equal(enter(before), background())
    assert.throws(() => current(), NoCurrentScopeError)
  })

  test('is one for all copies of skein in a thread, and scopes nest across copies', async () => {
    const folder = programFolder()
    try {
      cpSync(join(root, 'dist'), join(folder.path, 'copy/dist'), { recursive: true })
      cpSync(join(root, 'package.json'), join(folder.path, 'copy/package.json'))
      const copy = (await import(pathToFileURL(join(folder.path, 'copy/dist/index.js')).href)) as typeof import('skein')
      assert.notEqual(copy.scope, scope)
      let inner: unknown
      let ended = false
      const outer = await rejection(
        scope(
          s => {
            assert.equal(copy.current(), s)
            const nested = copy.scope(async other => {
              assert.equal(current(), other)
              assert.equal(other.deadline, s.deadline)
              try {
                await other.sleep('1h')
              } finally {
                await other.shield(shielded => shielded.sleep(0), { timeout: '1s' })
                ended = true
              }
            })
            void rejection(nested).then(error => (inner = error))
            setImmediate(() => s.cancel('outer'))
            return s.sleep('1h')
          },
          { timeout: '1h' },
        ),
      )
      assert.equal(ended, true)
      assert.ok(outer instanceof CancelledError)
      assert.ok(inner instanceof CancelledError)
      assert.equal(inner.reason, 'outer')
    } finally {
      folder.remove()
    }
  })
})

describe('the background scope', () => {
  test('cannot be cancelled and never ends', async () => {
    background().cancel('no')
    assert.equal(background().cancelled, false)
    background().checkpoint()
    await background().sleep(0)
    assert.equal(background().deadline, Infinity)
  })

  test('is not harmed by a failing child, whose error can be asked for', async () => {
    const error = new Error('child')
    const job = background().spawn(() => Promise.reject(error))
    assert.equal(await rejection(job.result()), error)
    assert.equal(background().cancelled, false)
    assert.deepEqual(background().failures, [])
  })

  test('lets the failure of a child that nobody asks for surface as an unhandled rejection', async () => {
    const folder = programFolder()
    try {
      const code = `
        import { background } from 'skein/lowlevel'
        const asked = background().spawn(() => Promise.reject(new Error('asked for')))
        asked.result().catch(error => console.log(error.message))
        const late = background().spawn(() => Promise.reject(new Error('asked for later')))
        Promise.resolve().then(() => {}).then(() => {}).then(() => late.result()).catch(error => console.log(error.message))
        process.on('unhandledRejection', error => console.log('unhandled:', error.message))
        background().spawn(() => Promise.reject(new Error('forgotten')))
      `
      const { stdout } = await runProgram(folder.path, 'background.mjs', code)
      assert.deepEqual(stdout.trim().split('\n').toSorted(), ['asked for', 'asked for later', 'unhandled: forgotten'])
    } finally {
      folder.remove()
    }
  })
})
