import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Driver, openDriver } from '#skein/stores/sqlite/file/driver.js'
import { nextDue } from '#skein/stores/sqlite/calls/due.js'
import type { Database } from '#skein/stores/sqlite/file/database.js'
import { type Column, columnsOf, damage, damagesFor, type Sound, values } from './columns.ts'
import { answer } from './in-process.ts'
import { makeSample } from './sample.ts'
import { tryOut } from './trial.ts'

const retention = { count: 10_000, age: 1_000, bytes: 1_000_000 }

/** `npm run damage` tries each value in a file of its own. */
describe('every command answers, and what is sound is shown, runs and stays', { timeout: 240_000 }, () => {
  let folder: string
  let whole: string
  let sound: Sound
  let columns: readonly Column[] = []

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'skein-columns-'))
    whole = join(folder, 'sample.db')
    sound = await makeSample(whole, 1_100)
    const database = await openDriver(whole)
    columns = columnsOf(database)
    database.close()
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const copy = (name: string): string => {
    const file = join(folder, name)
    copyFileSync(whole, file)
    return file
  }

  /** Each value in each column of some tables, each in another row. */
  const tryAll = async (file: string, tables: readonly string[]): Promise<void> => {
    const database = await openDriver(file)
    const damages = tables.flatMap(table => {
      const own = columns.filter(each => each.table === table)
      return own.flatMap((column, at) => damagesFor(database, column, values, sound, at * values.length))
    })
    database.close()
    assert.ok(damages.length > columns.filter(each => tables.includes(each.table)).length * (values.length - 1))
    const { faults, done } = await tryOut(file, damages)
    assert.deepEqual(faults, [])
    assert.ok(done > damages.length / 4, `${done} of ${damages.length} values could be written`)
  }

  test('whatever stands in a column of the calls', () => tryAll(copy('calls.db'), ['skein_call']))

  test('whatever stands in a column of the other tables', () => {
    const tables = new Set(columns.map(each => each.table))
    tables.delete('skein_call')
    // One row alone, without which nothing goes: that is said, and tried by itself.
    tables.delete('skein_meta')
    return tryAll(copy('others.db'), [...tables])
  })

  test('unless it is the one row without which nothing goes: then they say that the file is damaged', async () => {
    const file = copy('meta.db')
    for (const column of ['version', 'sequence', 'control']) {
      const database = await openDriver(file)
      const row = { table: 'skein_meta', column, key: 'rowid', row: '1' }
      const [before] = database.prepare(`SELECT ${column} FROM skein_meta`).get() as [number]
      assert.ok(damage(database, { ...row, value: `'x'` }))
      database.close()
      for (const words of [['jobs'], ['stats']]) {
        const answered = answer([...words, '--store', `sqlite:${file}`])
        await assert.rejects(answered, { code: 'SKEIN_STORE_DAMAGED', message: /skein_meta.*skein repair/s })
      }
      const into = `${file}.${column}`
      assert.equal((await answer(['repair', file, '--into', into])).code, 0)
      assert.equal((await answer(['jobs', '--limit', '5', '--json', '--store', `sqlite:${into}`])).values.length, 5)
      const again = await openDriver(file)
      assert.ok(damage(again, { ...row, value: String(before) }))
      again.close()
    }
  })
})

describe('a time that is none', () => {
  const times = [
    ['skein_call', 'due_at'],
    ['skein_call', 'gives_up_at'],
    ['skein_call', 'ended_at'],
    ['skein_opening', 'opens'],
    ['skein_lease', 'until'],
    ['skein_counter', 'idle_at'],
  ] as const

  let folder: string
  let database: Driver

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'skein-times-'))
    const file = join(folder, 'sample.db')
    await makeSample(file, 40)
    database = await openDriver(file)
    database.exec('PRAGMA busy_timeout = 10000')
  })
  after(() => {
    database.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const due = (): { wall: number; steady: number } => {
    const get = (sql: string): unknown => database.prepare(sql).get()
    return nextDue({ get } as unknown as Database, () => retention)
  }

  for (const [table, column] of times) {
    for (const value of [`'x'`, `''`, `x'00ff'`]) {
      test(`is never due, nor is anything earlier for it: ${value} in ${table}.${column}`, () => {
        const before = due()
        assert.ok(!Number.isNaN(before.wall + before.steady))
        database.exec('BEGIN')
        assert.ok(damage(database, { table, column, key: '1', value, row: '1' }))
        const { wall, steady } = due()
        database.exec('ROLLBACK')
        assert.ok(wall >= before.wall && steady >= before.steady, `${wall} ${steady}`)
      })
    }
  }
})
