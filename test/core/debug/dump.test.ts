import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { background } from 'skein/lowlevel'
import { dump, InvalidArgumentError, openScope, scope, type TaskNode, tree } from 'skein'
import { settled, virtualClock } from 'skein/testing'
import { deferred, never } from '../deferred.ts'
import { programFolder, runProgram } from '../program.ts'

const find = (name: string, nodes: readonly TaskNode[] = tree()): TaskNode | undefined => {
  for (const node of nodes) {
    const found = node.name === name ? node : find(name, node.children)
    if (found !== undefined) return found
  }
  return undefined
}

describe('the tree of what runs', () => {
  test('shows tasks and scopes at their places, what each does and what it waits for', async () => {
    const raw = deferred<void>()
    const ended = scope(
      async function outer(s) {
        s.spawn(async function sleeper(s) {
          await s.sleep('1h')
        })
        s.spawn(async function deaf() {
          await raw.promise
        })
        s.spawn(async function waiter(s) {
          await s.scope(async inner => inner.wait(never()), { name: 'part', timeout: '1h' })
        })
        const letGo = s.hold(() => {}, 'countPrimes on thread 1')
        await settled()
        const outer = find('outer')
        assert.deepEqual(
          outer?.children.map(each => [each.kind, each.name]),
          [
            ['task', 'sleeper'],
            ['task', 'deaf'],
            ['task', 'waiter'],
          ],
        )
        assert.deepEqual(outer.waitsFor, ['countPrimes on thread 1'])
        letGo()
        assert.equal(find('sleeper')?.state, 'waiting')
        assert.deepEqual(find('sleeper')?.waitsFor, ['a sleep'])
        assert.equal(find('deaf')?.state, 'running')
        assert.deepEqual(find('deaf')?.waitsFor, [])
        assert.equal(find('deaf')?.lastCheckpoint, undefined)
        assert.equal(find('part')?.kind, 'scope')
        assert.deepEqual(find('part')?.waitsFor, ['a promise'])
        assert.ok((find('part')?.deadline ?? 0) > Date.now())
        s.spawn(() => {}, { name: 'late' })
        assert.equal(find('late')?.state, 'starting')
        s.cancel()
        assert.equal(find('deaf')?.state, 'cancelling')
      },
      { grace: '1h' },
    )
    ended.catch(() => {})
    await settled()
    assert.equal(find('sleeper'), undefined)
    assert.equal(find('deaf')?.state, 'cancelling')
    raw.resolve()
    await ended.catch(() => {})
    assert.equal(find('outer'), undefined)
  })

  test('59: a task that does not end after its grace period is listed as stuck', async () => {
    using clock = virtualClock()
    const raw = deferred<void>()
    const warned = new Promise<Error>(resolve => process.once('warning', resolve))
    const ended = scope(
      async s => {
        s.spawn(async function deaf() {
          await raw.promise
        })
        await s.sleep(0)
        s.cancel()
      },
      { grace: '5s', name: 'graceful' },
    )
    ended.catch(() => {})
    await clock.advance('4s')
    assert.equal(find('deaf')?.state, 'cancelling')
    await clock.advance('2s')
    assert.equal(find('deaf')?.state, 'stuck')
    assert.match(dump(), /task deaf: stuck/)
    assert.match((await warned).message, /task deaf/)
    raw.resolve()
    await ended.catch(() => {})
    assert.equal(find('graceful'), undefined)
  })

  test('forgets a scope when it has ended; shows open blocks and the background while they have work', async () => {
    await scope(() => {}, { name: 'short' })
    assert.equal(find('short'), undefined)
    const block = openScope({ name: 'block' })
    assert.ok(find('block'))
    await block[Symbol.asyncDispose]()
    assert.equal(find('block'), undefined)
    const job = background().spawn(async s => s.sleep(0), { name: 'heartbeat' })
    await settled({ turns: 1 })
    assert.ok(find('background')?.children.some(each => each.name === 'heartbeat') || job.state === 'done')
    await job.result()
    assert.equal(find('heartbeat'), undefined)
  })

  test('is one text, or JSON', async () => {
    await scope(async function main(s) {
      s.spawn(async function load(s) {
        await s.scope(part => part.sleep('1h'), { name: 'part' })
      })
      await settled()
      const text = dump()
      assert.match(
        text,
        /scope main: running, or waiting for a promise; no checkpoint yet\n└─ task load: .*\n {3}└─ scope part: waiting for a sleep/,
      )
      const nodes = JSON.parse(dump({ json: true })) as TaskNode[]
      assert.equal(find('part', nodes)?.state, 'waiting')
      assert.throws(() => dump({ jsn: true } as never), InvalidArgumentError)
      s.cancel()
    }).catch(() => {})
  })
})

describe('a program', { concurrency: 2 }, () => {
  const folder = programFolder()
  after(folder.remove)

  test('prints the tree on SIGUSR2, with the places of spawning in debug mode, and is not kept alive by that', async () => {
    if (process.platform === 'win32') return
    const code = `
      import { scope } from 'skein'
      await scope(async s => {
        s.spawn(async function load(s) { await s.sleep(1500) })
        await s.sleep(0)
        process.once('SIGUSR2', () => setImmediate(() => s.cancel()))
        console.log('ready')
      }).catch(() => {})
    `
    const { code: exitCode, stderr } = await runProgram(folder.path, 'signal.mjs', code, {
      env: { SKEIN_DEBUG: '1' },
      signals: [['ready', 'SIGUSR2']],
    })
    assert.equal(exitCode, 0)
    assert.match(stderr, /task load: waiting for a sleep; .*; \d+ ms old/)
    assert.match(stderr, /signal\.mjs:4/)
  })

  test('prints the tree on SIGUSR2 while main runs, also without debug mode', async () => {
    if (process.platform === 'win32') return
    const code = `
      import { main } from 'skein'
      await main(import.meta, async s => {
        s.spawn(async function load(s) { await s.sleep(1500) })
        await s.sleep(0)
        process.once('SIGUSR2', () => setImmediate(() => s.cancel()))
        console.log('ready')
      })
    `
    const { stderr } = await runProgram(folder.path, 'main.mjs', code, { signals: [['ready', 'SIGUSR2']] })
    assert.match(stderr, /scope main: .*\n└─ task load: waiting for a sleep/)
  })
})
