import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Scope, scope, StuckTaskError } from 'skein'
import { deferred, never } from '../deferred.ts'
import { inVirtualTime } from '../virtual-time.ts'
import { programFolder, runProgram } from '../program.ts'

function nextWarning(): Promise<Error> {
  return new Promise(resolve => process.once('warning', resolve))
}

describe('a task that does not end after it was cancelled', () => {
  // The grace period keeps no program alive, and here nothing else would.
  let alive: NodeJS.Timeout | undefined
  before(() => {
    alive = setInterval(() => {}, 60_000)
  })
  after(() => clearInterval(alive))

  test('and waits for a scope that is part of no other, is told which, and what to write', async () => {
    const warned = nextWarning()
    let end!: () => void
    const running = scope(
      async s => {
        await Promise.resolve()
        s.cancel('enough')
        await scope(inner => inner.wait(new Promise<void>(resolve => (end = resolve))), { name: 'orphan' })
      },
      { grace: 5, name: 'sync' },
    ).catch(() => {})
    const { message } = await warned
    end()
    await running
    assert.match(
      message,
      /Beside it runs scope orphan\. It is part of no other scope.*write s\.scope\(…\) in place of scope/,
    )
  })

  test('is named in a warning after the grace period, with its last checkpoint, and still waited for', async () => {
    const gate = deferred()
    const warned = nextWarning()
    let ended = false
    const running = scope(
      async s => {
        s.spawn(async function download(s) {
          s.checkpoint()
          await gate.promise // nobody can interrupt this
        })
        s.spawn(async function upload() {
          await gate.promise
        })
        s.spawn(async function fine(s) {
          await s.sleep('1h').catch(() => {})
        })
        await s.sleep(0)
        s.cancel('enough')
      },
      { grace: 5, name: 'sync' },
    ).finally(() => (ended = true))
    const warning = await warned
    assert.ok(warning instanceof StuckTaskError)
    assert.equal(warning.code, 'SKEIN_STUCK')
    assert.match(warning.message, /scope sync was cancelled .*enough.* 5 ms later/)
    assert.match(warning.message, /task download: it last passed a checkpoint \d+ ms ago/)
    assert.match(warning.message, /task upload: it has never passed a checkpoint/)
    assert.doesNotMatch(warning.message, /fine/)
    assert.match(warning.message, /s\.wait\(promise\)/)
    assert.match(warning.message, /SKEIN_DEBUG=1/)
    assert.equal(ended, false)
    gate.resolve()
    await running
  })

  test('is also the body itself, and work that was handed elsewhere, by name', async () => {
    const warned = nextWarning()
    let release: (() => void) | undefined
    const running = scope(
      s => {
        release = s.hold(() => {}, 'countPrimes on thread 1')
        s.cancel()
      },
      { grace: 5 },
    )
    assert.match((await warned).message, /an unnamed scope: .* waits for countPrimes on thread 1 to end elsewhere/)
    release?.()
    await running

    const body = deferred()
    const again = nextWarning()
    const stuck = scope(
      async s => {
        s.cancel()
        await body.promise
      },
      { grace: 5, name: 'body' },
    )
    assert.match((await again).message, /- scope body:/)
    body.resolve()
    await stuck
  })

  test('that are very many are counted: the first twenty by name', async () => {
    const warned = nextWarning()
    const gate = deferred()
    const running = scope(
      async s => {
        for (let index = 0; index < 2_020; index++) s.spawn(() => gate.promise, { name: `t${index}` })
        await s.sleep(0)
        s.cancel()
      },
      { grace: 5 },
    )
    const { message } = await warned
    assert.match(message, /- task t19: .*\n {2}- and 2,000 more\n/)
    assert.doesNotMatch(message, /task t20:/)
    gate.resolve()
    await running
  })

  test('uses the grace period of the outer scope', async () => {
    const warned = nextWarning()
    const gate = deferred()
    await scope(
      async (s: Scope) => {
        const job = s.spawn(() => gate.promise, { name: 'inner' })
        const cancelling = job.cancel()
        assert.match((await warned).message, /task inner/)
        gate.resolve()
        await cancelling
      },
      { grace: 5 },
    )
  })

  test(
    'that waits through s.wait ends at once, without a warning',
    inVirtualTime(async () => {
      let warnings = 0
      const note = (): void => void warnings++
      process.on('warning', note)
      try {
        await scope(
          async s => {
            const job = s.spawn(s => s.wait(never()))
            await s.sleep(0)
            await job.cancel()
            await s.sleep(10)
          },
          { grace: 1 },
        )
        assert.equal(warnings, 0)
      } finally {
        process.off('warning', note)
      }
    }),
  )
})

describe('a program with a stuck task', () => {
  const folder = programFolder()
  after(folder.remove)

  test('says where the task was spawned with SKEIN_DEBUG=1', async () => {
    const code = `
      import { scope } from 'skein'
      await scope(async s => {
        const alive = setInterval(() => {}, 60_000)
        s.spawn(function stuck() {
          return new Promise(resolve => process.once('warning', () => { clearInterval(alive); resolve() }))
        })
        s.cancel()
      }, { grace: 5 })
      console.log('ended')
    `
    const { stdout, stderr } = await runProgram(folder.path, 'debug.mjs', code, { env: { SKEIN_DEBUG: '1' } })
    assert.equal(stdout, 'ended\n')
    assert.match(stderr, /\[SKEIN_STUCK\] StuckTaskError: [\s\S]*task stuck[\s\S]*spawned[\s\S]*debug\.mjs:5/)
  })

  test('tells in its errors with SKEIN_DEBUG=1 where a scope without a name was begun', async () => {
    const code = `
      import { scope } from 'skein'
      await scope(s => s.sleep('1h'), { timeout: 200 }).catch(error => console.log(error.stack))
    `
    const { stdout } = await runProgram(folder.path, 'unnamed.mjs', code, { env: { SKEIN_DEBUG: '1' } })
    assert.match(
      stdout,
      /^TimeoutError: the scope at file:.*unnamed\.mjs:3:\d+ ran out of time \(200 ms\)\n\s+at .*unnamed\.mjs:3/,
    )
    assert.doesNotMatch(stdout, /dist.(core|joined)/)
  })

  test('is not kept alive by the grace period', async () => {
    const code = `
      import { scope } from 'skein'
      void scope(async s => {
        s.spawn(() => new Promise(() => {}))
        s.cancel()
      }, { grace: '1h' })
    `
    const { code: exitCode, stderr } = await runProgram(folder.path, 'alive.mjs', code)
    // The program ends at once, and says what it has left undone.
    assert.equal(exitCode, 70)
    assert.match(stderr, /DeadlockError \[SKEIN_DEADLOCK\]/)
  })
})
