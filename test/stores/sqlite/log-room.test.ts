import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe } from 'node:test'
import { sqliteStore } from 'skein/stores/sqlite'
import { LogRoom } from '#skein/stores/sqlite/file/log-room.js'
import { openDriver } from '#skein/stores/sqlite/file/driver.js'
import { call, inFolder } from './folder.ts'

const piece = 1024 * 1024
const small = 'x'.repeat(8_000)

/** What a commit does to a log that is not long enough for it: it is looked at before, and is longer after it. */
function commits(room: LogRoom, log: string, count: number, text: string = small): void {
  for (let n = 0; n < count; n++) {
    room.extend()
    appendFileSync(log, text)
  }
  room.extend()
}

const sizeOf = (log: string): number => statSync(log).size

describe('room in the log of a SQLite file', () => {
  inFolder('is made once a few commits have made the log longer, and again when it is used up', log => {
    writeFileSync(log, '')
    const room = new LogRoom(log)
    commits(room, log, 3)
    assert.equal(sizeOf(log), 3 * small.length, 'a program that sends little needs none')
    commits(room, log, 1)
    assert.equal(sizeOf(log), 4 * small.length + piece)
    assert.ok(
      readFileSync(log)
        .subarray(4 * small.length)
        .every(byte => byte === 0),
    )
    for (let n = 0; n < 10; n++) room.extend()
    assert.equal(sizeOf(log), 4 * small.length + piece, 'commits that find room make it no longer')
    commits(room, log, 4)
    assert.equal(sizeOf(log), 8 * small.length + 2 * piece)
    room.close()
  })

  inFolder('is not made for large commits, nor in a log that will soon be begun again', log => {
    writeFileSync(log, '')
    const room = new LogRoom(log)
    commits(room, log, 10, 'x'.repeat(200_000))
    assert.equal(sizeOf(log), 2_000_000)
    truncateSync(log, 33 * piece)
    commits(room, log, 10)
    assert.equal(sizeOf(log), 33 * piece + 10 * small.length)
    room.close()
  })

  inFolder('is made anew in a log that was cut off', log => {
    writeFileSync(log, '')
    const room = new LogRoom(log)
    commits(room, log, 4)
    truncateSync(log, 0)
    commits(room, log, 4)
    assert.equal(sizeOf(log), 4 * small.length + piece)
    room.close()
  })

  inFolder('is not needed: without a log, and with one that may only be read, everything goes on', log => {
    const none = new LogRoom(log)
    none.extend()
    none.close()
    mkdirSync(log)
    const folder = new LogRoom(log)
    folder.extend()
    folder.close()
  })

  inFolder(
    'does not change what is read after a crash: what is behind the last commit is no part of the log',
    async file => {
      const store = await sqliteStore(`sqlite:${file}?durability=full`)
      const used = (): number => sizeOf(`${file}-wal`)
      const before = used()
      let sent = 0
      while (used() < before + piece) await store.broker.send([call(`call-${sent++}`)])
      const more = used()
      await store.broker.send([call(`call-${sent++}`)])
      assert.equal(used(), more, 'a commit that finds room does not make the log longer')
      // As after a crash: without the index of the log, which is made from what is in it.
      const copy = join(dirname(file), 'copy.db')
      for (const end of ['', '-wal']) copyFileSync(file + end, copy + end)
      await store.close()
      const driver = await openDriver(copy)
      assert.deepEqual(driver.prepare('SELECT count(*) FROM skein_call').get(), [sent])
      assert.deepEqual(driver.prepare('PRAGMA integrity_check').get(), ['ok'])
      driver.close()
    },
  )

  inFolder('is not made in a file whose commits are not flushed', async file => {
    const store = await sqliteStore(`sqlite:${file}?durability=relaxed`)
    const before = sizeOf(`${file}-wal`)
    for (let n = 0; n < 20; n++) await store.broker.send([call(`call-${n}`)])
    assert.ok(sizeOf(`${file}-wal`) < before + piece)
    await store.close()
  })
})
