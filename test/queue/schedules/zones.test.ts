import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { call, task } from 'skein'
import { testQueue, virtualClock } from 'skein/testing'
import { cronMoments } from '#skein/queue/schedules/cron.js'
import { root } from '../../support/paths.ts'

/** A line in a zone, and for each month of a year how often it comes due, with a hash of the moments. */
interface Row {
  readonly zone: string
  readonly year: number
  readonly line: string
  readonly months: readonly string[]
  /** Celery's crontab comes to the same. */
  readonly celery: boolean
}

/** Made by zones.py beside it, with other implementations of time zones and cron lines than those that are tested here. */
const { rows } = JSON.parse(readFileSync(join(root, 'test/queue/schedules/zones.json'), 'utf8')) as {
  readonly rows: Row[]
}

/** Moments as the table has them. */
function monthsOf(moments: readonly number[]): string[] {
  return Array.from({ length: 12 }, (_, month) => {
    const stamps = moments
      .filter(each => new Date(each).getUTCMonth() === month)
      .map(each => new Date(each).toISOString().replace(':00.000Z', 'Z'))
    return `${stamps.length} ${createHash('sha256').update(stamps.join(' ')).digest('hex').slice(0, 8)}`
  })
}

/** From the end of one year to the end of the next: what is due in it. */
const bounds = (year: number): [number, number] => [Date.UTC(year) - 1, Date.UTC(year + 1) - 1]

describe('over a year, both changes of the clocks and a change of the date line', () => {
  for (const { zone, year, line, months, celery } of rows) {
    test(`'${line}' comes due in ${zone} as another implementation has it${celery ? ', and Celery' : ''}`, () => {
      const { next } = cronMoments(line, zone)
      const [begin, end] = bounds(year)
      const moments: number[] = []
      for (let each = next(begin); each !== undefined && each <= end; each = next(each)) moments.push(each)
      assert.deepEqual(monthsOf(moments), months)
    })
  }

  test('five time zones are in the table, and where Celery differs it is for a change of the clocks', () => {
    assert.equal(new Set(rows.map(({ zone }) => zone)).size, 5)
    assert.ok(rows.every(({ zone, celery }) => celery || zone !== 'Asia/Kolkata'))
    assert.ok(rows.filter(({ celery }) => celery).length > rows.length / 2)
  })

  const tick = task(import.meta, (n: number) => n, { name: 'tick' })
  for (const year of [2011, 2026]) {
    test(`schedules submit a job for each of their terms of ${year}, and no other`, async () => {
      const [begin, end] = bounds(year)
      const clock = virtualClock({ start: begin })
      const bench = await testQueue({ tasks: [tick], clock })
      try {
        const daily = rows.filter(({ line, ...row }) => row.year === year && !/^\*|^15|^0 \*/.test(line))
        for (const [at, { line, zone }] of daily.entries()) {
          await bench.queue.schedule(`s${at}`, { cron: line, timeZone: zone }, call(tick, at))
        }
        await clock.advanceTo(end)
        const jobs = await bench.queue.jobs({ limit: 1_000_000 })
        for (const [at, { months }] of daily.entries()) {
          const own = jobs.filter(({ id }) => id.startsWith(`s${at}@`)).reverse()
          const terms = own.map(({ id }) => Date.parse(id.slice(id.indexOf('@') + 1)))
          assert.deepEqual(monthsOf(terms), months)
          // Each at its very time.
          assert.deepEqual(
            own.map(({ sentAt }) => sentAt),
            terms,
          )
        }
      } finally {
        await bench.close()
        clock.restore()
      }
    })
  }
})
