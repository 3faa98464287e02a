import type { CancelSource } from '#skein/core/errors/errors.js'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, fstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { isLoading, loadingSince, type PoolLedger, type WorkerLedger } from '#skein/pool/wire/ledger.js'
import { FilePoolLedger, FileWorkerLedger, ledgerBytes, openLedger } from '#skein/processes/file-ledger.js'
import { ledgerMemory, SharedPoolLedger, SharedWorkerLedger } from '#skein/threads/shared-ledger.js'
import { root } from '../../support/paths.ts'

interface Pair {
  readonly pool: PoolLedger
  readonly worker: WorkerLedger
  close(): void
}

const kinds: Readonly<Record<string, () => Pair>> = {
  'in shared memory': () => {
    const memory = ledgerMemory(32)
    return { pool: new SharedPoolLedger(memory), worker: new SharedWorkerLedger(memory), close: () => {} }
  },
  'in a file': () => {
    const fd = openLedger(32)
    const pool = new FilePoolLedger(fd, 32)
    return { pool, worker: new FileWorkerLedger(fd, 32), close: () => pool.close() }
  },
}

for (const [kind, open] of Object.entries(kinds)) {
  describe(`the ledger ${kind}`, () => {
    const withPair = (check: (pair: Pair) => void): void => {
      const pair = open()
      try {
        check(pair)
      } finally {
        pair.close()
      }
    }

    const send = ({ pool, worker }: Pair, slot: number): void => {
      pool.sent(slot)
      worker.arrived(slot)
    }

    test('says when a call has started', () =>
      withPair(pair => {
        send(pair, 3)
        assert.equal(pair.pool.startedAt(3), undefined)
        assert.equal(pair.worker.start(3, 1_234), true)
        assert.equal(pair.pool.startedAt(3), 1_234)
        assert.equal(pair.pool.startedAt(2), undefined)
      }))

    test('knows a call whose module is still being imported', () =>
      withPair(pair => {
        send(pair, 1)
        for (const at of [0, 1, 55]) assert.equal(loadingSince(loadingSince(at)), at)
        assert.equal(pair.worker.start(1, loadingSince(55)), true)
        assert.equal(pair.pool.startedAt(1), loadingSince(55))
        assert.equal(isLoading(loadingSince(55)), true)
        assert.equal(isLoading(0), false)
        pair.worker.begin(1, 77)
        assert.equal(pair.pool.startedAt(1), 77)
      }))

    test('forgets a call that was not sent after all, and that it was withdrawn', () =>
      withPair(pair => {
        send(pair, 0)
        assert.equal(pair.worker.start(0, 1), true)
        pair.pool.sent(0)
        assert.equal(pair.pool.withdraw(0), true)
        pair.pool.unsent(0)
        send(pair, 0)
        assert.equal(pair.worker.start(0, 2), true)
        assert.equal(pair.pool.startedAt(0), 2)
      }))

    test('lets a withdrawn call never start', () =>
      withPair(pair => {
        send(pair, 0)
        assert.equal(pair.pool.withdraw(0), true)
        assert.equal(pair.worker.start(0, 1), false)
      }))

    test('does not withdraw what has started', () =>
      withPair(pair => {
        send(pair, 0)
        assert.equal(pair.worker.start(0, 1), true)
        assert.equal(pair.pool.withdraw(0), false)
        assert.equal(pair.pool.startedAt(0), 1)
      }))

    test('shows a cancellation to the call that it means, and to no later one in its slot', () =>
      withPair(pair => {
        send(pair, 5)
        pair.worker.start(5, 1)
        assert.equal(pair.worker.cancelledBy(5), undefined)
        pair.pool.cancel(5, 'timeout')
        // The file is looked at once in a few milliseconds.
        const end = performance.now() + 2_000
        let source: CancelSource | undefined
        while ((source = pair.worker.cancelledBy(5)) === undefined) {
          assert.ok(performance.now() < end, 'the flag was never seen')
        }
        assert.equal(source, 'timeout')
        assert.equal(pair.pool.startedAt(5), 1)
        send(pair, 5)
        assert.equal(pair.pool.startedAt(5), undefined, 'a slot starts anew with each call')
        assert.equal(pair.worker.start(5, 9), true)
        const quiet = performance.now() + 20
        while (performance.now() < quiet) assert.equal(pair.worker.cancelledBy(5), undefined)
      }))

    test('claims a group as it would claim each', () =>
      withPair(pair => {
        for (const slot of [7, 2, 4]) send(pair, slot)
        assert.equal(pair.pool.withdraw(2), true)
        pair.worker.startGroup?.([7, 2, 4], 50)
        assert.deepEqual(
          [7, 2, 4].map(slot => pair.worker.start(slot, 50)),
          [true, false, true],
        )
        assert.equal(pair.pool.startedAt(7), 50)
        assert.equal(pair.pool.withdraw(4), false)
      }))
  })
}

test('a ledger file that was closed answers without harm', () => {
  const fd = openLedger(4)
  const pool = new FilePoolLedger(fd, 4)
  pool.sent(0)
  pool.close()
  pool.close()
  pool.cancel(0, 'explicit')
  assert.equal(pool.startedAt(0), undefined)
  assert.throws(() => closeSync(fd))
})

test('a ledger file goes into the first folder that takes it, and has all its room at once', () => {
  const fd = openLedger(4, ['/nowhere/at/all', tmpdir()])
  try {
    const { size, blocks } = fstatSync(fd)
    assert.equal(size, ledgerBytes(4))
    assert.ok(blocks > 0, 'it is not a promise that the file system may break later')
  } finally {
    closeSync(fd)
  }
})

test('a ledger file that no folder takes names each, and why', () => {
  assert.throws(
    () => openLedger(4, ['/nowhere/at/all', '/dev/null']),
    /\/nowhere\/at\/all: ENOENT.*; \/dev\/null: ENOTDIR/,
  )
})

test('a ledger file takes the last descriptor, and leaves no folder behind, also where there is none', t => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const program = `
    import { closeSync, openSync } from 'node:fs'
    import { openLedger } from '#skein/processes/file-ledger.js'
    const all = []
    try { for (;;) all.push(openSync('/dev/null')) } catch {}
    for (const free of [0, 1]) {
      if (free) closeSync(all.pop())
      try { console.log(typeof openLedger(4, [${JSON.stringify(folder)}])) } catch ({ cause }) { console.log(cause.code) }
    }`
  const node = [process.execPath, '--input-type=module', '-e', program]
  const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...node], {
    cwd: root,
    encoding: 'utf8',
  })
  assert.deepEqual(stdout.trim().split('\n'), ['EMFILE', 'number'], stderr)
  assert.deepEqual(readdirSync(folder), [])
})
