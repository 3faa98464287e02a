import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { task } from 'skein'
import { connect, work } from 'skein/queue'
import { root } from '../../support/paths.ts'

const echo = task(import.meta, (n: number) => n, { name: 'disk.echo' })
const measure = task(import.meta, (text: string) => text.length, { name: 'disk.measure' })
const execute = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'skein-disk-'))
chmodSync(folder, 0o755)
after(() => rmSync(folder, { recursive: true, force: true }))

/** Runs as somebody whom the permissions of files hold back; root passes over them. */
async function unprivileged<T>(action: () => Promise<T>): Promise<T> {
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    return await action()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

// Limits of file sizes and permissions in the way of Unix; lifting the limit of a process needs Linux.
if (process.platform === 'linux') {
  describe('a disk that takes no more', () => {
    test('is used to the end: the log is brought into the file before it is given up', async () => {
      const url = `sqlite:${join(folder, 'small.db')}`
      // Each call is a commit of its own: together they take several times as much log as a file may have.
      const code = `
        import { sqliteStore } from 'skein/stores/sqlite'
        const store = await sqliteStore(${JSON.stringify(url)} + '?durability=relaxed')
        const call = id => ({ id, queue: 'q', task: 't', headers: '{}', body: '[[],{},{}]', priority: 4, delay: 0 })
        for (let n = 0; n < 1_500; n++) await store.broker.send([call(String(n))])
        const { queues } = await store.inspector.stats()
        console.log(queues[0].counts.ready)
        await store.close()`
      const command = 'ulimit -S -f 2048; exec "$0" "$@"'
      const args = ['-c', command, process.execPath, '--input-type=module', '--eval', code]
      const { stdout } = await execute('sh', args, { timeout: 60_000, cwd: root })
      assert.equal(stdout.trim(), '1500')
    })

    test('that is a small volume is used to the end, and a full one ends and forgets what it has, and goes on', async t => {
      const volume = join(folder, 'volume')
      mkdirSync(volume)
      try {
        await execute('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', volume])
      } catch (error) {
        const words = `NOT TESTED HERE: a volume of 20 MB could not be mounted, which takes root (${String(error)})`
        // The machine of the continuous integration may not allow it; there a skip would count as a failure.
        if (process.env['CI'] !== 'true') return t.skip(words)
        return console.error(words)
      }
      try {
        const url = `sqlite:${join(volume, 'jobs.db')}`
        const queue = await connect(url)
        const text = 'x'.repeat(20_000)
        let accepted = 0
        const refusal = await (async () => {
          for (;;) {
            try {
              await queue.submit(measure, text)
              accepted++
            } catch (error) {
              return error as { code?: unknown; message: string }
            }
          }
        })()
        assert.equal(refusal.code, 'SKEIN_STORE_FULL')
        assert.match(refusal.message, /less than 1 MiB left.*skein purge/)
        // What was sent takes up the volume itself, not the log of it.
        assert.ok(statSync(join(volume, 'jobs.db')).size > 16_000_000)
        assert.equal((await queue.storeStats()).queues[0]?.counts.ready, accepted)
        // What is there is worked off and forgotten all the same.
        const worker = await work({ store: url, tasks: [measure], on: 'loop', concurrency: 1 })
        while (worker.stats().done < 10) await new Promise(resolve => setImmediate(resolve))
        await worker.close()
        const left = (await queue.jobs({ states: ['ready'], limit: 10_000 })).length
        assert.ok(left < accepted)
        assert.equal(await queue.purge({ states: ['ready'] }), left)
        const next = await work({ store: url, tasks: [measure], on: 'loop' })
        assert.deepEqual(await Promise.all([1, 2, 3].map(() => queue.run(measure, text))), [20_000, 20_000, 20_000])
        assert.equal((await queue.storeStats()).queues[0]?.counts.done, accepted - left + 3)
        await next.close()
        await queue.close()
      } finally {
        await execute('umount', ['--lazy', volume])
      }
    })

    test('refuses a call in words, loses none that it took, and the worker goes on when there is room', async () => {
      const program = fileURLToPath(new URL('./program.js', import.meta.url))
      const command = 'ulimit -S -f 4096; exec "$0" "$@"'
      const url = `sqlite:${join(folder, 'full.db')}`
      const { stdout } = await execute('sh', ['-c', command, process.execPath, program, url], { timeout: 60_000 })
      const { refusal, accepted, kept, right, done, ...report } = JSON.parse(stdout) as {
        refusal: { code: string; message: string }
        accepted: number
        kept: number
        right: number
        done: number
      }
      assert.equal(refusal.code, 'SKEIN_STORE_UNAVAILABLE')
      assert.match(refusal.message, /full\.db.*limit of file sizes.*Nothing of this was kept/)
      assert.ok(accepted > 5, `${accepted} were accepted`)
      assert.deepEqual({ kept, right, done }, { kept: accepted, right: accepted, done: accepted + 1 })
      assert.deepEqual(report, {
        consuming: false,
        troubles: ['SKEIN_STORE_UNAVAILABLE'],
        afterwards: 'afterwards',
      })
    })
  })
}

if (process.platform !== 'win32') {
  describe('a file that may only be read', () => {
    test('is not opened, says so, and runs its jobs once it may be written', async () => {
      const place = join(folder, 'readonly')
      mkdirSync(place)
      const file = join(place, 'jobs.db')
      const url = `sqlite:${file}`
      const queue = await connect(url)
      const { id } = await queue.submit(echo, 7)
      await queue.close()

      chmodSync(file, 0o444)
      await unprivileged(() => refused(url, 'SKEIN_STORE_READ_ONLY', /jobs\.db may not be written.*permissions/))
      chmodSync(file, 0o666)
      chmodSync(place, 0o555)
      await unprivileged(() => refused(url, 'SKEIN_STORE_READ_ONLY', /permissions of the file and of its folder/))
      chmodSync(place, 0o755)
      chmodSync(file, 0o000)
      await unprivileged(() => refused(url, 'SKEIN_STORE_UNAVAILABLE', /could not be opened.*may be read and written/))
      chmodSync(file, 0o644)

      const again = await connect(url)
      const worker = await work({ store: url, tasks: [echo], on: 'loop' })
      const job = await again.job<number>(id)
      assert.equal(await job?.result(), 7)
      await worker.close()
      await again.close()
    })

    test('is not made in a folder in which nothing may be made', async () => {
      const place = join(folder, 'locked')
      mkdirSync(place)
      chmodSync(place, 0o555)
      await unprivileged(() =>
        refused(
          `sqlite:${join(place, 'new.db')}`,
          'SKEIN_STORE_READ_ONLY',
          /could not be made: the folder .* may not be written/,
        ),
      )
    })
  })
}

/** Neither a client nor a worker can open the store; both say why. */
async function refused(url: string, code: string, message: RegExp): Promise<void> {
  await assert.rejects(connect(url), { code, message })
  await assert.rejects(work({ store: url, tasks: [echo], on: 'loop' }), { code, message })
}
