import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { type Definition, termsOf } from '#skein/queue/schedules/definition.js'
import { after, begun, dueAt, dueTerms, type Progress } from '#skein/queue/schedules/progress.js'

const hour = 3_600_000
const start = Date.UTC(2026, 0, 1)
const stored = { queue: 'q', task: 't', headers: {}, body: '[[],{},{}]', priority: 0 }

function hourly(changes: Partial<Definition> = {}): Definition {
  const options = { catchUp: 'last', catchUpLimit: 1_000, overlap: 'allow', jitter: 0 } as const
  return { format: 1, rule: { cron: '0 * * * *', timeZone: 'UTC' }, ...options, call: stored, ...changes }
}

/** The hours of the terms that have come after so many hours, and that of the next one. */
function come(definition: Definition, hours: number, progress: Progress = begun(definition, start)): unknown[] {
  const { terms, next } = dueTerms('s', definition, progress, start + hours * hour)
  return [terms.map(each => (each - start) / hour), next === null ? null : (next - start) / hour]
}

describe('of the terms that have come', () => {
  test('none is there before its time, and one at its very time', () => {
    assert.deepEqual(come(hourly(), 0), [[], 1])
    assert.deepEqual(come(hourly(), 0.999), [[], 1])
    assert.deepEqual(come(hourly(), 1), [[1], 2])
    assert.deepEqual(come(hourly(), 1.5), [[1], 2])
  })

  test('the last one is made up for, all of them up to a limit, or none that is more than a minute late', () => {
    assert.deepEqual(come(hourly(), 5.5), [[5], 6])
    assert.deepEqual(come(hourly({ catchUp: 'all' }), 5.5), [[1, 2, 3, 4, 5], 6])
    assert.deepEqual(come(hourly({ catchUp: 'all', catchUpLimit: 2 }), 5.5), [[4, 5], 6])
    assert.deepEqual(come(hourly({ catchUp: 'none' }), 5.5), [[], 6])
    assert.deepEqual(come(hourly({ catchUp: 'none' }), 5.01), [[5], 6])
  })

  test('no more than one is made up for where the job before counts', () => {
    assert.deepEqual(come(hourly({ catchUp: 'all', overlap: 'skip' }), 5.5), [[5], 6])
    assert.deepEqual(come(hourly({ catchUp: 'all', overlap: 'cancel' }), 5.5), [[5], 6])
    assert.deepEqual(come(hourly({ catchUp: 'all', overlap: 'queue' }), 2.5), [[1, 2], 3])
  })

  test('there are as many as the schedule has times, and none after its end or before its beginning', () => {
    assert.deepEqual(come(hourly({ catchUp: 'all', times: 3 }), 5.5), [[1, 2, 3], null])
    assert.deepEqual(come(hourly({ catchUp: 'all', until: start + 2 * hour }), 5.5), [[1, 2], null])
    assert.deepEqual(come(hourly({ catchUp: 'all', from: start + 3 * hour }), 5.5), [[3, 4, 5], 6])
    assert.deepEqual(come(hourly({ until: start + 2 * hour }), 5.5), [[2], null])
    const counted = { ...begun(hourly(), start), count: 2 }
    assert.deepEqual(come(hourly({ catchUp: 'all', times: 3 }), 5.5, counted), [[1], null])
  })

  test('lengths of time are counted from the beginning, or from when the schedule was made', () => {
    const rule = { every: 2 * hour }
    assert.deepEqual(come(hourly({ rule, catchUp: 'all' }), 5.5), [[2, 4], 6])
    assert.deepEqual(come(hourly({ rule, catchUp: 'all', from: start + hour }), 5.5), [[1, 3, 5], 7])
    assert.deepEqual(come(hourly({ rule, catchUp: 'all', from: start - hour }), 5.5), [[1, 3, 5], 7])
  })

  test('a moment is one term', () => {
    const rule = { at: start + 2 * hour }
    assert.deepEqual(come(hourly({ rule }), 1), [[], 2])
    assert.deepEqual(come(hourly({ rule, catchUp: 'all' }), 5), [[2], null])
  })

  test('a year of seconds is no more work than the terms that are made up for', () => {
    const definition = hourly({ rule: { cron: '* * * * * *', timeZone: 'UTC' } })
    const { terms, next } = dueTerms('s', definition, begun(definition, start), start + 8_760 * hour)
    assert.deepEqual([terms, next], [[start + 8_760 * hour], start + 8_760 * hour + 1_000])
  })

  test('none is there twice after a clock that was set back', () => {
    const definition = hourly({ catchUp: 'all' })
    const first = begun(definition, start)
    const { terms, next } = dueTerms('s', definition, first, start + 2 * hour)
    const later = after(
      first,
      terms.map(term => ({ id: String(term), term, at: term, outcome: 'submitted' })),
      next,
    )
    assert.deepEqual(come(definition, 0.5, later), [[], 3])
    assert.deepEqual(come(definition, 3, later), [[3], 4])
  })
})

describe('jitter', () => {
  test('is another length for each term and each name, always the same, and within its bounds', () => {
    const terms = Array.from({ length: 2_000 }, (_, index) => start + index * hour)
    const lengths = terms.map(term => dueAt('s', term, 999) - term)
    assert.deepEqual(
      lengths,
      terms.map(term => dueAt('s', term, 999) - term),
    )
    assert.ok(lengths.every(each => Number.isInteger(each) && each >= 0 && each <= 999))
    // Spread out: a tenth of the range has about a tenth of them.
    for (let tenth = 0; tenth < 10; tenth++) {
      const count = lengths.filter(each => Math.floor(each / 100) === tenth).length
      assert.ok(count > 130 && count < 270, `${count} of 2,000 in tenth ${tenth}`)
    }
    assert.notDeepEqual(
      lengths.slice(0, 10),
      terms.slice(0, 10).map(term => dueAt('t', term, 999) - term),
    )
  })

  test('leaves each term in its place, however the looks fall', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: hour }),
        fc.array(fc.integer({ min: 1, max: 3 * hour }), { minLength: 1, maxLength: 40 }),
        fc.constantFrom('last', 'all'),
        (jitter, steps, catchUp) => {
          const definition = hourly({ jitter, catchUp })
          let progress = begun(definition, start)
          let now = start
          const seen: number[] = []
          for (const step of steps) {
            now += step
            const { terms, next } = dueTerms('s', definition, progress, now)
            assert.ok(terms.every(each => dueAt('s', each, jitter) <= now))
            assert.ok(next !== null && dueAt('s', next, jitter) > now)
            progress = after(
              progress,
              terms.map(term => ({ id: String(term), term, at: now, outcome: 'submitted' })),
              next,
            )
            seen.push(...terms)
          }
          const last = progress.term as number
          const moments = termsOf(definition, start)
          const all: number[] = []
          for (let each = moments.next(start); each !== undefined && each < last; each = moments.next(each))
            all.push(each)
          if (catchUp === 'all') assert.deepEqual(seen, all)
          else assert.ok(new Set(seen).size === seen.length && seen.every(each => all.includes(each)))
        },
      ),
      { numRuns: 300, seed: 18 },
    )
  })
})
