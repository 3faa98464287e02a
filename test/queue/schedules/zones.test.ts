import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Cron } from 'croner'
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
const { rows, fields } = JSON.parse(readFileSync(join(root, 'test/queue/schedules/zones.json'), 'utf8')) as {
  readonly rows: Row[]
  readonly fields: (readonly [name: string, text: string, values: number[] | null])[]
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
  const daily = rows.filter(({ line }) => line === '30 2 * * *')
  const fixed = rows.filter(({ line }) => !/^\*|^15|^0 \*/.test(line))
  for (const [which, year, chosen] of [
    ['once a day in each of the five zones', 2011, daily],
    ['of every line with fixed times', 2011, fixed.filter(({ zone }) => zone === 'Pacific/Apia')],
    ['of every line with fixed times', 2026, fixed],
  ] as const) {
    test(`schedules submit a job for each of their terms of ${year}, ${which}, and no other`, async () => {
      const [begin, end] = bounds(year)
      const clock = virtualClock({ start: begin })
      const bench = await testQueue({ tasks: [tick], clock })
      try {
        const scheduled = chosen.filter(row => row.year === year)
        for (const [at, { line, zone }] of scheduled.entries()) {
          await bench.queue.schedule(`s${at}`, { cron: line, timeZone: zone }, call(tick, at))
        }
        await clock.advanceTo(end)
        const jobs = await bench.queue.jobs({ limit: 1_000_000 })
        for (const [at, { months }] of scheduled.entries()) {
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

describe('around a change of the clocks', () => {
  // Each with a moment of a change: an hour and half an hour, a day left out, a pause of the summer time, a change by three quarters.
  const changes: readonly (readonly [zone: string, change: number])[] = [
    ['Europe/Berlin', Date.UTC(2026, 2, 29, 1)],
    ['Europe/Berlin', Date.UTC(2026, 9, 25, 1)],
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15)],
    ['Pacific/Apia', Date.UTC(2011, 11, 30, 10)],
    ['Africa/Casablanca', Date.UTC(2026, 1, 15, 2)],
    ['America/Noronha', Date.UTC(2000, 9, 8, 2)],
    ['America/Noronha', Date.UTC(2000, 9, 15, 1)],
    ['Africa/Monrovia', Date.UTC(1972, 0, 7, 0, 44, 30)],
  ]
  const lines = [
    '0 8 * * *',
    '30 2 * * *',
    '15 1-3 * * *',
    '*/20 * * * *',
    '0 0 * * mon',
    '0 0 L * *',
    '59 59 23 * * *',
  ]
  const hour = 3_600_000
  for (const [zone, change] of changes) {
    test(`the short way comes to what the long one comes to (${zone}, ${new Date(change).toISOString()})`, () => {
      for (const line of lines) {
        const long = new Cron(line, {
          timezone: zone,
          paused: true,
          mode: '5-or-6-parts',
          fixedTimeRule: 'no-wildcard',
        })
        const { next } = cronMoments(line, zone)
        for (let from = change - 60 * hour; from <= change + 60 * hour; from += 5 * hour) {
          for (const after of [from - 1, from, from + 1_234]) {
            assert.equal(
              next(after),
              long.nextRun(new Date(after))?.getTime(),
              `${line} after ${new Date(after).toISOString()}`,
            )
          }
        }
      }
    })
  }
})

/** For each field a line around it, and what its moments of 2024 say of it. */
const around: Readonly<Record<string, readonly [before: string, after: string, read: (date: Date) => number]>> = {
  minute: ['', ' * * * *', date => date.getUTCMinutes()],
  hour: ['0 ', ' * * *', date => date.getUTCHours()],
  day_of_month: ['0 0 ', ' * *', date => date.getUTCDate()],
  month_of_year: ['0 0 1 ', ' *', date => date.getUTCMonth() + 1],
  day_of_week: ['0 0 * * ', '', date => date.getUTCDay()],
}

/** What Celery understands in another way, or one of the two does not understand: the table in docs/from-python/celery.md. */
const differs: ReadonlySet<string> = new Set([
  '?',
  '30-10',
  '22-2',
  'L',
  '15W',
  '30-2',
  '11-2',
  '7',
  'fri-mon',
  'monday',
  '5L',
])

/** The values of a field; null for one that is refused. */
function valuesOf(name: string, text: string): number[] | null {
  const [before, after, read] = around[name] as (typeof around)[string]
  let next: ReturnType<typeof cronMoments>['next']
  try {
    next = cronMoments(`${before}${text}${after}`, 'UTC').next
  } catch {
    return null
  }
  const values = new Set<number>()
  let each = next(Date.UTC(2024) - 1)
  for (let count = 0; each !== undefined && each < Date.UTC(2025) && count < 500; count++, each = next(each)) {
    values.add(read(new Date(each)))
  }
  return [...values].sort((a, b) => a - b)
}

describe('a field of a cron line', () => {
  for (const [name, text, values] of fields) {
    const same = !differs.has(text)
    test(`'${text}' as ${name} means ${same ? 'what it means to Celery' : 'something else than to Celery'}`, () => {
      if (same) assert.deepEqual(valuesOf(name, text), values)
      else assert.notDeepEqual(valuesOf(name, text), values)
    })
  }
})
