import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe } from 'node:test'
import { promisify } from 'node:util'
import type { Claim, Store } from 'skein/stores'
import { sqliteStore } from 'skein/stores/sqlite'
import type { SqliteStore } from '#skein/stores/sqlite/sqlite-store.js'
import { root } from '../../support/paths.ts'
import { call, inFolder, request } from './folder.ts'
import { claimNow } from '../../support/claim-now.ts'

const execute = promisify(execFile)

/** Runs a program of its own, with `store` open on the file. How it ended. */
async function program(
  file: string,
  code: string,
): Promise<{ readonly output: string; readonly signal: string | null }> {
  const whole = `
    import { sqliteStore } from 'skein/stores/sqlite'
    import { claimNow } from ${JSON.stringify(new URL('../../support/claim-now.js', import.meta.url))}
    const store = await sqliteStore('sqlite:' + ${JSON.stringify(file)})
    const call = id => ({ id, queue: 'q', task: 't', headers: '{}', body: '[[],{},{}]', priority: 4, delay: 0 })
    const request = { worker: 'child', queues: ['q'], tasks: ['t'], limit: 100, lease: 1000 }
    ${code}`
  try {
    const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', whole], { cwd: root })
    return { output: stdout.trim(), signal: null }
  } catch (error) {
    const { stdout, signal } = error as { stdout: string; signal: string | null }
    if (signal === null || signal === undefined) throw error
    return { output: stdout.trim(), signal }
  }
}

/** The first so many that can be claimed, now or later. */
function firstClaims(store: Store, count: number): Promise<Claim[]> {
  const taken: Claim[] = []
  return new Promise((resolve, reject) => {
    const intake = store.broker.intake(request, {
      claims: claims => {
        taken.push(...claims)
        if (taken.length < count) return
        intake.close()
        resolve(taken)
      },
      cancelling: () => {},
      lost: () => {},
      trouble: reject,
    })
    intake.want(count)
  })
}

describe('several programs on one file', () => {
  inFolder('what one sends wakes the other', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    assert.deepEqual(await claimNow(store, request), [])
    const claims = firstClaims(store, 1)
    const finished = program(file, `await store.broker.send([call('a')]); await store.close()`)
    assert.equal((await claims)[0]?.id, 'a')
    await finished
    await store.close()
  })

  inFolder('the calls of one that was killed go to another, once its lease is over', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('a'), call('b')])
    const { output, signal } = await program(
      file,
      `console.log((await claimNow(store, request)).length); process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})`,
    )
    assert.equal(output, '2')
    assert.equal(signal, 'SIGKILL')
    const claims = await firstClaims(store, 2)
    assert.deepEqual(
      claims.map(({ id, attempt, deaths }) => ({ id, attempt, deaths })),
      [
        { id: 'a', attempt: 2, deaths: 1 },
        { id: 'b', attempt: 2, deaths: 1 },
      ],
    )
    await store.close()
  })

  inFolder('one that computes for longer than its lease keeps its calls', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('a')])
    // The other store looks after leases by itself, in its own thread, while this thread is busy.
    const other = await sqliteStore(`sqlite:${file}`)
    const [claim] = await claimNow(store, { ...request, lease: 1_000 })
    assert.ok(claim)
    for (const until = Date.now() + 2_500; Date.now() < until;);
    assert.deepEqual(await (other as SqliteStore).sweep().then(({ recovered, dead }) => ({ recovered, dead })), {
      recovered: 0,
      dead: 0,
    })
    assert.deepEqual(await store.broker.settle([{ id: 'a', token: claim.token, kind: 'done', result: '1' }]), ['ok'])
    assert.equal((await other.inspector.find('a'))?.deaths, 0)
    await other.close()
    await store.close()
  })

  inFolder('one that forgets to close ends when its work is done, and what it sent is kept', async file => {
    const { output } = await program(
      file,
      `await store.broker.send([call('a')]); console.log((await store.inspector.find('a')).state)`,
    )
    assert.equal(output, 'ready')
    const { output: later } = await program(
      file,
      `console.log((await store.inspector.find('a')).state); await store.close()`,
    )
    assert.equal(later, 'ready')
  })

  inFolder('what many write at the same time is all kept', async file => {
    const programs = Array.from({ length: 4 }, (_, index) =>
      program(
        file,
        `for (let n = 0; n < 50; n++) await store.broker.send([call('c${index}-' + n)])
         let mine = 0
         for (let n = 0; n < 10; n++) {
           const claims = await claimNow(store, { ...request, worker: 'w${index}', limit: 5, lease: 60000 })
           const done = await store.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: '1' })))
           mine += done.filter(each => each === 'ok').length
         }
         await store.close()
         console.log(mine)`,
      ),
    )
    const done = (await Promise.all(programs)).map(each => Number(each.output))
    const store = await sqliteStore(`sqlite:${file}`)
    const { counts } = (await store.inspector.stats()).queues[0] ?? {}
    const all = done.reduce((sum, each) => sum + each, 0)
    assert.ok(all > 0)
    // Nobody has ended a call twice, and what nobody has ended is still there.
    assert.equal(counts?.done, all)
    assert.equal(counts?.ready, 200 - all)
    await store.close()
  })
})
