import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, task } from 'skein'
import { connect, type ScheduleOptions, type ScheduleRule } from 'skein/queue'
import { cronMoments } from '#skein/queue/schedules/cron.js'
import { momentsOf } from '#skein/queue/schedules/rule.js'

const tick = task(import.meta, (n: number) => n, { name: 'tick' })

/** The code with which a schedule is refused, and the message. Nothing is left of it. */
async function refusal(rule: unknown, options?: unknown, name: unknown = 's'): Promise<string> {
  await using queue = await connect(`memory:rules ${Math.random()}`)
  const made = queue.schedule(name as string, rule as ScheduleRule, call(tick, 1), options as ScheduleOptions)
  const error = await made.then(
    () => assert.fail(`${JSON.stringify(rule)} was not refused`),
    (error: unknown) => error as Error & { code: string },
  )
  assert.deepEqual(await queue.schedules(), [])
  return `${error.code}: ${error.message}`
}

describe('a schedule is refused', () => {
  const wrong: readonly (readonly [rule: unknown, because: RegExp])[] = [
    [{ cron: '0 0 31 2 *' }, /^SKEIN_SCHEDULE_RULE: .*never come due/],
    [{ cron: '0 0 30 2 *' }, /^SKEIN_SCHEDULE_RULE: .*never come due/],
    [{ cron: '60 * * * *' }, /^SKEIN_SCHEDULE_RULE: .*'60 \* \* \* \*' cannot be used: .*minute/],
    [{ cron: '* * * *' }, /^SKEIN_SCHEDULE_RULE: .*it has 4 fields/],
    [{ cron: '* * * * * * *' }, /^SKEIN_SCHEDULE_RULE: .*it has 7 fields/],
    [{ cron: '' }, /^SKEIN_SCHEDULE_RULE/],
    [{ cron: '2030-01-01T00:00:00' }, /^SKEIN_SCHEDULE_RULE: .*it has 1 field/],
    [{ cron: '@reboot' }, /^SKEIN_SCHEDULE_RULE/],
    [{ cron: '0 0 * * mon#6' }, /^SKEIN_SCHEDULE_RULE/],
    [{ cron: '*/0 * * * *' }, /^SKEIN_SCHEDULE_RULE/],
    [{ cron: 5 }, /^SKEIN_INVALID_ARGUMENT: cron must be a string/],
    [
      { cron: '* * * * *', timeZone: 'Europe/Atlantis' },
      /^SKEIN_SCHEDULE_RULE: There is no time zone 'Europe\/Atlantis'/,
    ],
    [{ cron: '* * * * *', timeZone: '' }, /^SKEIN_SCHEDULE_RULE/],
    [{ cron: '* * * * *', timeZone: 7 }, /^SKEIN_SCHEDULE_RULE/],
    [{ cron: '* * * * *', timeZone: Object.create(null) as unknown }, /^SKEIN_SCHEDULE_RULE: .* a null-prototype/],
    [{ cron: '* * * * *', every: '5m' }, /^SKEIN_INVALID_ARGUMENT: .*one of cron, every and at/],
    [{}, /^SKEIN_INVALID_ARGUMENT: .*one of cron, every and at/],
    [{ evry: '5m' }, /^SKEIN_INVALID_ARGUMENT: .*Did you mean 'every'/],
    [null, /^SKEIN_INVALID_ARGUMENT/],
    ['5m', /^SKEIN_INVALID_ARGUMENT/],
    [{ every: '5m', timeZone: 'UTC' }, /^SKEIN_INVALID_ARGUMENT: timeZone belongs to a cron line/],
    [{ every: 0 }, /^SKEIN_INVALID_ARGUMENT/],
    [{ every: '10ms' }, /^SKEIN_INVALID_ARGUMENT: every must be a second or more/],
    [{ every: NaN }, /^SKEIN_INVALID_ARGUMENT/],
    [{ every: Infinity }, /^SKEIN_INVALID_ARGUMENT/],
    [{ every: '5 minutes' }, /^SKEIN_INVALID_ARGUMENT/],
    [{ at: 'tomorrow' }, /^SKEIN_INVALID_ARGUMENT: at must be a Date/],
    [{ at: new Date(NaN) }, /^SKEIN_INVALID_ARGUMENT: .*an invalid Date/],
    [{ at: Infinity }, /^SKEIN_INVALID_ARGUMENT/],
    [{ at: 1_000 }, /^SKEIN_SCHEDULE_RULE: .*1970.*a time that has passed/],
  ]
  for (const [rule, because] of wrong) {
    test(`for the rule ${JSON.stringify(rule)}`, async () => assert.match(await refusal(rule), because))
  }

  const options: readonly (readonly [options: unknown, because: RegExp])[] = [
    [{ catchUp: 'some' }, /catchUp must be one of last, all, none/],
    [{ overlap: 'wait' }, /overlap must be one of allow, skip, queue, cancel/],
    [{ catchUpLimit: 0 }, /catchUpLimit/],
    [{ catchUpLimit: 1_001 }, /catchUpLimit/],
    [{ catchUpLimit: Infinity }, /catchUpLimit/],
    [{ times: 0 }, /times/],
    [{ times: 1.5 }, /times/],
    [{ jitter: -1 }, /jitter/],
    [{ jitter: Infinity }, /jitter/],
    [{ jitter: '61m' }, /jitter \(3660000 ms\) must not be longer than the time between two terms/],
    [{ until: new Date(NaN) }, /until/],
    [{ from: 2e12, until: 1e12 }, /until .* must not be before from/],
    [{ until: 1_000 }, /SKEIN_SCHEDULE_RULE: .*never come due/],
    [{ jiter: 1 }, /Did you mean 'jitter'/],
    [null, /SKEIN_INVALID_ARGUMENT/],
  ]
  for (const [each, because] of options) {
    test(`for the options ${JSON.stringify(each)}`, async () => {
      assert.match(await refusal({ cron: '0 * * * *' }, each), because)
    })
  }

  for (const name of ['', ' ', 'a b', 'a\n', 'x'.repeat(151), '\ud800', 7, undefined]) {
    test(`for the name ${JSON.stringify(name)}`, async () => {
      if (name === undefined) {
        await using queue = await connect('memory:names')
        await assert.rejects(queue.schedule(name as never), { code: 'SKEIN_INVALID_ARGUMENT' })
      } else assert.match(await refusal({ every: '1h' }, {}, name), /^SKEIN_INVALID_ARGUMENT/)
    })
  }

  test('for options of its call that say when it runs, or under which id', async () => {
    await using queue = await connect('memory:calls')
    const { signal } = new AbortController()
    for (const option of [
      { id: 'x' },
      { delay: '1s' },
      { eta: new Date(2e12) },
      { signal },
      { expires: new Date(2e12) },
    ] as const) {
      await assert.rejects(queue.schedule('s', { every: '1h' }, call(tick, 1).with(option)), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /The call of a schedule cannot have the option/,
      })
    }
    const unique = call(tick, 1).with({ unique: 'k' })
    await assert.rejects(queue.schedule('s', { every: '1h' }, unique, { overlap: 'skip' }), /give one of them/)
    await assert.rejects(queue.schedule('s', { every: '1h' }, call(tick, call(tick, 1))), /A schedule submits one call/)
    await assert.rejects(queue.schedule('s', { every: '1h' }, tick as never), /takes a name, a rule and a call/)
    await assert.rejects(queue.schedule('s', { every: '1h' }, undefined as never), /takes a name, a rule and a call/)
    assert.deepEqual(await queue.schedules(), [])
  })
})

describe('the moments of a length of time', () => {
  const moments = momentsOf({ every: 1_000 }, 10_000)

  test('are counted from where it begins, and do not drift', () => {
    assert.deepEqual(
      [-5, 9_999, 10_000, 10_500, 11_000, 1_000_000_000_500].map(each => moments.next(each)),
      [10_000, 10_000, 11_000, 11_000, 12_000, 1_000_000_001_000],
    )
  })

  test('that have passed are the last ones, as many as there are', () => {
    assert.deepEqual(moments.last(9_999, 5), [])
    assert.deepEqual(moments.last(10_000, 5), [10_000])
    assert.deepEqual(moments.last(12_500, 5), [10_000, 11_000, 12_000])
    assert.deepEqual(moments.last(12_000, 2), [11_000, 12_000])
  })
})

describe('the moments of a cron line', () => {
  test('are those after a moment, and those up to it', () => {
    const moments = cronMoments('*/15 * * * *', 'UTC')
    const noon = Date.UTC(2026, 0, 1, 12)
    assert.equal(moments.next(noon), noon + 900_000)
    assert.equal(moments.next(noon - 1), noon)
    assert.deepEqual(moments.last(noon, 2), [noon - 900_000, noon])
    assert.deepEqual(moments.last(noon - 1, 2), [noon - 1_800_000, noon - 900_000])
    assert.deepEqual(moments.last(noon + 500, 1), [noon])
  })

  const lines: readonly (readonly [line: string, first: string])[] = [
    ['0 8 * * mon-fri', '2026-01-01T08:00:00.000Z'],
    ['0 0 L * *', '2026-01-31T00:00:00.000Z'],
    ['0 0 * * fri#2', '2026-01-09T00:00:00.000Z'],
    ['0 0 * * fri#L', '2026-01-30T00:00:00.000Z'],
    ['0 0 15W * *', '2026-01-15T00:00:00.000Z'],
    ['0 0 1 jul *', '2026-07-01T00:00:00.000Z'],
    ['@daily', '2026-01-02T00:00:00.000Z'],
    ['30 0 0 2 * *', '2026-01-02T00:00:30.000Z'],
    ['0 0 * * 7', '2026-01-04T00:00:00.000Z'],
    // Either day will do.
    ['0 0 13 * fri', '2026-01-02T00:00:00.000Z'],
    ['0 0 29 2 *', '2028-02-29T00:00:00.000Z'],
  ]
  for (const [line, first] of lines) {
    test(`'${line}' comes at ${first}`, () => {
      assert.equal(new Date(cronMoments(line, 'UTC').next(Date.UTC(2026, 0, 1)) as number).toISOString(), first)
    })
  }
})
