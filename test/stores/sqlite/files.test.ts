import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  realpathSync,
  symlinkSync,
  mkdirSync,
  readdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
  closeSync,
  existsSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { repair, sqliteStore } from 'skein/stores/sqlite'
import type { Database } from '#skein/stores/sqlite/file/database.js'
import { copyTable } from '#skein/stores/sqlite/file/repair.js'
import { root } from '../../support/paths.ts'
import { openDriver } from '#skein/stores/sqlite/file/driver.js'
import { sqliteLocation } from '#skein/stores/sqlite/file/url.js'
import { call, inFolder, request } from './folder.ts'
import { claimNow } from '../../support/claim-now.ts'

describe('the URL of a SQLite store', () => {
  test('is a path and its durability', () => {
    assert.deepEqual(sqliteLocation('sqlite:/tmp/a.db'), { path: '/tmp/a.db', durability: 'full' })
    assert.deepEqual(sqliteLocation('sqlite:///tmp/a.db?durability=relaxed'), {
      path: '/tmp/a.db',
      durability: 'relaxed',
    })
    assert.deepEqual(sqliteLocation('sqlite:file:///tmp/a%20b.db'), { path: '/tmp/a b.db', durability: 'full' })
    assert.equal(sqliteLocation('sqlite:a.db').path, join(process.cwd(), 'a.db'))
  })

  test('with anything else in it is refused', () => {
    for (const url of [
      'sqlite:',
      'sqlite::memory:',
      'sqlite:a.db?durability=some',
      'sqlite:a.db?mode=ro',
      'redis:x',
      'sqlite:%zz',
    ]) {
      assert.throws(() => sqliteLocation(url), { code: 'SKEIN_INVALID_ARGUMENT' }, url)
    }
  })
})

describe('a SQLite store that cannot be opened says why', () => {
  inFolder('no folder', async file => {
    const missing = join(dirname(file), 'missing', 'jobs.db')
    await assert.rejects(sqliteStore(`sqlite:${missing}`), {
      code: 'SKEIN_STORE_UNAVAILABLE',
      message: /no folder .*missing/,
    })
  })

  inFolder('a folder instead of a file', async file => {
    mkdirSync(file)
    await assert.rejects(sqliteStore(`sqlite:${file}`), {
      code: 'SKEIN_STORE_UNAVAILABLE',
      message: /it is not a file/,
    })
  })

  inFolder('a file that is no database, which stays as it is', async file => {
    writeFileSync(file, 'Dear diary, today I was opened as a database.')
    await assert.rejects(sqliteStore(`sqlite:${file}`), {
      code: 'SKEIN_STORE_DAMAGED',
      message: /not an SQLite database/,
    })
    assert.equal(readFileSync(file, 'utf8'), 'Dear diary, today I was opened as a database.')
  })

  inFolder('a file of a newer skein, which stays as it is', async file => {
    await (await sqliteStore(`sqlite:${file}`)).close()
    const database = await openDriver(file)
    database.exec('UPDATE skein_meta SET version = 999')
    database.close()
    await assert.rejects(sqliteStore(`sqlite:${file}`), {
      code: 'SKEIN_STORE_VERSION',
      message: /version 999.*Upgrade skein/,
    })
  })
})

describe('a SQLite store', () => {
  inFolder('keeps its calls when it is closed and opened again', async file => {
    const first = await sqliteStore(`sqlite:${file}`)
    await first.broker.send([
      call('a'),
      call('b', { delay: 60_000 }),
      call('large', { body: `[["${'x'.repeat(100_000)}"],{},{}]` }),
    ])
    await first.close()
    const second = await sqliteStore(`sqlite:${file}`)
    assert.deepEqual(
      (await second.inspector.list({})).map(job => [job.id, job.state]),
      [
        ['large', 'ready'],
        ['b', 'delayed'],
        ['a', 'ready'],
      ],
    )
    const claims = await claimNow(second, request)
    assert.deepEqual(
      claims.map(claim => claim.body.length),
      [10, 100_012],
    )
    await second.close()
  })

  inFolder("lives in a file beside tables of the user's own", async file => {
    const database = await openDriver(file)
    database.exec('CREATE TABLE mine (n); INSERT INTO mine VALUES (7); PRAGMA user_version = 5')
    database.close()
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('a')])
    await store.close()
    const again = await openDriver(file)
    assert.deepEqual([...(again.prepare('SELECT n FROM mine').get() ?? [])], [7])
    assert.deepEqual([...(again.prepare('PRAGMA user_version').get() ?? [])], [5])
    again.close()
  })

  inFolder('can be read by any SQLite tool: jobs with their state and times', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('a'), call('b')])
    const database = await openDriver(file)
    const rows = database.prepare('SELECT id, queue, task, state, sent FROM skein_jobs ORDER BY id').all()
    assert.deepEqual(
      rows.map(row => [...row].slice(0, 4)),
      [
        ['a', 'q', 't', 'ready'],
        ['b', 'q', 't', 'ready'],
      ],
    )
    assert.match(String(rows[0]?.[4]), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    database.close()
    await store.close()
  })

  inFolder('waits for a foreign program that holds the lock, and goes on', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    const database = await openDriver(file)
    database.exec('BEGIN IMMEDIATE')
    let kept = false
    const sent = store.broker.send([call('a')]).then(() => (kept = true))
    // Reading is possible meanwhile, before and after the store has begun to wait.
    assert.equal(kept, false)
    database.exec('COMMIT')
    await sent
    assert.equal((await store.inspector.find('a'))?.state, 'ready')
    database.close()
    await store.close()
  })

  // Elsewhere test/queue/disk shows the same with a limit of file sizes.
  if (canMount())
    inFolder('says when the disk is full, has lost nothing and goes on when there is room', async file => {
      const disk = join(dirname(file), 'disk')
      mkdirSync(disk)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk])
      try {
        const store = await sqliteStore(`sqlite:${join(disk, 'jobs.db')}`)
        const body = `[["${'x'.repeat(50_000)}"],{},{}]`
        const kept: string[] = []
        await assert.rejects(
          async () => {
            for (let n = 0; n < 500; n++) {
              await store.broker.send([call(`c${n}`, { body })])
              kept.push(`c${n}`)
            }
          },
          { code: 'SKEIN_STORE_FULL', message: /less than 1 MiB left.*Make room/ },
        )
        assert.ok(kept.length > 10)
        execFileSync('mount', ['-o', 'remount,size=16m', disk])
        assert.deepEqual(
          (await store.inspector.list({ limit: 1_000 })).map(job => job.id),
          [...kept].reverse(),
        )
        assert.equal((await store.broker.send([call('again', { body })]))[0]?.outcome, 'accepted')
        await store.close()
      } finally {
        execFileSync('umount', [disk])
      }
    })
})

describe('repair', () => {
  inFolder('saves what can be read of a damaged file into a new one', async file => {
    const store = await sqliteStore(`sqlite:${file}`, { retention: { done: { count: 100_000 } } })
    const ids = Array.from({ length: 3_000 }, (_, index) => `call-${index}`)
    await store.broker.send(ids.map(id => call(id, { body: `[["${id.repeat(20)}"],{},{}]` })))
    const claims = await claimNow(store, { ...request, limit: 1_000 })
    await store.broker.settle(claims.slice(0, 500).map(({ id, token }) => ({ id, token, kind: 'done', result: '1' })))
    await store.inspector.pause('other')
    await store.close()

    // Some pages in the middle are gone.
    const { size } = statSync(file)
    const handle = openSync(file, 'r+')
    const page = Buffer.alloc(4096, 0x55)
    for (const part of [0.3, 0.5, 0.6]) writeSync(handle, page, 0, 4096, Math.floor((size * part) / 4096) * 4096)
    closeSync(handle)
    const before = readFileSync(file)
    await assert.rejects(sqliteStore(`sqlite:${file}`), { code: 'SKEIN_STORE_DAMAGED', message: /skein repair/ })

    const saved = await repair(file)
    assert.equal(basename(saved.into), 'jobs-repaired.db')
    assert.deepEqual(readFileSync(file), before)
    assert.ok(saved.calls >= 2_700 && saved.calls < 3_000, `${saved.calls} were saved`)
    assert.ok(saved.unreadable >= 1)
    const repaired = await sqliteStore(`sqlite:${saved.into}`)
    const jobs = await repaired.inspector.list({ limit: 5_000 })
    assert.equal(jobs.length, saved.calls)
    for (const job of jobs) assert.equal(job.body, `[["${job.id.repeat(20)}"],{},{}]`)
    assert.equal(jobs.filter(job => job.state === 'running').length, 0)
    assert.ok((await claimNow(repaired, request)).length > 0)
    assert.equal((await repaired.inspector.stats()).queues.find(each => each.queue === 'other')?.paused, true)
    await repaired.close()
    await assert.rejects(repair(file), { code: 'SKEIN_STORE_UNAVAILABLE', message: /exists already/ })
  })

  inFolder('says when there is nothing that could be saved', async file => {
    await assert.rejects(repair(file), { code: 'SKEIN_STORE_UNAVAILABLE', message: /no such file/ })
    writeFileSync(file, 'x'.repeat(10_000))
    await assert.rejects(repair(file), { code: 'SKEIN_STORE_DAMAGED', message: /Nothing could be read/ })
    assert.ok(!existsSync(file.replace('.db', '-repaired.db')))
  })
})

function canMount(): boolean {
  const place = join(process.cwd(), `.mount-${process.pid}`)
  try {
    mkdirSync(place)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place], { stdio: 'ignore' })
    execFileSync('umount', [place])
    return true
  } catch {
    return false
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

describe('the files beside that of a store', () => {
  for (const [what, bytes] of [
    ['ones', () => Buffer.alloc(4_096, 0xff)],
    ['somebody who has waited for ever', () => ghosts(1, Infinity, Infinity)],
    ['times that lie ahead', () => ghosts(1, 1e300, 1e300)],
    ['times that are none', () => ghosts(Number.NaN, Number.NaN, Number.NaN)],
  ] as const) {
    inFolder(`hold nobody up, whatever stands in them: ${what}`, async file => {
      await (await sqliteStore(`sqlite:${file}`)).close()
      writeFileSync(`${file}-turn`, bytes())
      const store = await sqliteStore(`sqlite:${file}`)
      await store.broker.send([call('1')])
      assert.equal((await claimNow(store, request)).length, 1)
      await store.close()
    })
  }

  inFolder('need not be there: a folder in the place of -turn', async file => {
    mkdirSync(`${file}-turn`)
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('1')])
    await store.close()
  })

  if (process.platform !== 'win32') {
    inFolder('have its mode, so that whoever may use the one may use the others', async file => {
      await (await sqliteStore(`sqlite:${file}`)).close()
      for (const end of ['-turn', '-bell']) rmSync(file + end)
      chmodSync(file, 0o660)
      const store = await sqliteStore(`sqlite:${file}`)
      for (const end of ['-turn', '-bell', '-wal', '-shm']) assert.equal(statSync(file + end).mode & 0o777, 0o660, end)
      await store.close()
    })

    inFolder('are the same for all who open it, by whatever link', async file => {
      await (await sqliteStore(`sqlite:${file}`)).close()
      const link = join(dirname(file), 'link.db')
      symlinkSync(file, link)
      const folder = join(dirname(file), 'folder')
      symlinkSync(dirname(file), folder)
      for (const path of [link, join(folder, 'jobs.db'), join(folder, 'new.db')]) {
        const store = await sqliteStore(`sqlite:${path}`)
        await store.broker.send([call(path)])
        await store.close()
      }
      // And where nobody has made the file yet to which a link leads.
      const [first, second] = [join(folder, 'first.db'), join(dirname(file), 'second.db')]
      symlinkSync('second.db', first)
      symlinkSync('later.db', second)
      const store = await sqliteStore(`sqlite:${first}`)
      await store.broker.send([call('first')])
      await store.close()
      assert.ok(existsSync(join(dirname(file), 'later.db-turn')))
      const circle = join(dirname(file), 'circle.db')
      symlinkSync('circle.db', circle)
      await assert.rejects(sqliteStore(`sqlite:${circle}`), { code: 'SKEIN_STORE_UNAVAILABLE' })
      for (const each of [link, first, second]) assert.ok(!existsSync(`${each}-turn`) && !existsSync(`${each}-bell`))
      assert.equal(
        sqliteLocation(`sqlite:${join(folder, 'other.db')}`).path,
        join(realpathSync(dirname(file)), 'other.db'),
      )
    })
  }
})

/** A file of turns in which everybody waits. */
function ghosts(since: number, seen: number, shown: number): Buffer {
  const bytes = Buffer.alloc(4_096)
  for (let at = 0; at < bytes.length; at += 32) {
    bytes.writeDoubleLE(since, at)
    bytes.writeDoubleLE(seen, at + 8)
    bytes.writeDoubleLE(shown, at + 24)
  }
  return bytes
}

describe('what is saved of a damaged file', () => {
  test('comes to an end when rows are out of order', () => {
    const rows = [[7], [3], [9], [1]]
    const from = {
      get: () => [9],
      all: (sql: string) => (sql.includes('pragma_table_info') ? [['call'], ['id']] : rows.map(([n]) => [n, `c${n}`])),
    }
    const kept = new Set<unknown>()
    const to = {
      exec: () => {},
      run: (_: string, number: unknown) => (kept.has(number) ? 0 : kept.add(number) && 1),
    }
    const copied = copyTable(from as unknown as Database, to as unknown as Database, 'skein_call', 'call')
    assert.deepEqual(copied, { rows: 4, gaps: 0 })
  })

  inFolder(
    'is not there by half: a program that is killed while it saves leaves nothing under the name',
    async file => {
      const store = await sqliteStore(`sqlite:${file}`)
      for (let n = 0; n < 20; n++) {
        await store.broker.send(Array.from({ length: 1_000 }, (_, m) => call(`${n} ${m}`)))
      }
      await store.close()
      const into = join(dirname(file), 'into.db')
      const code = `const { repair } = await import('skein/stores/sqlite'); await repair(process.argv[1], process.argv[2])`
      const child = spawn(process.execPath, ['--input-type=module', '--eval', code, file, into], { cwd: root })
      const exited = once(child, 'exit')
      const begun = (): boolean =>
        readdirSync(dirname(file)).some(
          name => name.startsWith('skein-repair-') && existsSync(join(dirname(file), name, 'repaired.db')),
        )
      while (!begun() && !existsSync(into) && child.exitCode === null)
        await new Promise(resolve => setImmediate(resolve))
      child.kill('SIGKILL')
      await exited
      if (!existsSync(into)) return
      const whole = await sqliteStore(`sqlite:${into}`)
      assert.equal((await whole.inspector.stats()).queues[0]?.counts.ready, 20_000)
      await whole.close()
    },
  )
})
