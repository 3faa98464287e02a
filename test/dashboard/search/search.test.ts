import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { searchOf } from '#skein/dashboard/search/search.js'
import type { ReadJob } from '#skein/inspect/read-job.js'

const now = Date.parse('2026-11-30T12:00:00Z')
const job: ReadJob = {
  id: '01a1fcfc-43b9-71e6-8b70-c4fcb5379c52',
  task: 'mail.send',
  queue: 'mail',
  state: 'failed',
  args: [{ to: 'Ada@example.org', note: 'say "hi"' }, 5],
  priority: 0,
  attempt: 3,
  deaths: 0,
  worker: 'host-1:77',
  tags: ['import', 'nightly run'],
  sentAt: now - 3_600_000,
  startedAt: now - 60_000,
  endedAt: now - 50_000,
  error: { name: 'RangeError', message: 'No such user', code: 'E_USER' },
  damaged: [],
}

/** True where all that a store does not do itself is true of the job. */
function fits(text: string, of: ReadJob = job): boolean {
  return searchOf(text, now).matchers.every(matches => matches(of))
}

describe('a search of jobs', () => {
  test('leaves to the store what the store can do', () => {
    const cases: readonly (readonly [string, object])[] = [
      ['', {}],
      ['   ', {}],
      ['state:failed', { states: ['failed'] }],
      [
        'state:failed,dead queue:mail task:mail.send tag:import',
        { states: ['failed', 'dead'], queue: 'mail', task: 'mail.send', tag: 'import' },
      ],
      ['STATE:failed', { states: ['failed'] }],
      ['tag:"nightly run"', { tag: 'nightly run' }],
      ['task:"a \\"b\\" \\\\c"', { task: 'a "b" \\c' }],
      ['id:abc', { ids: ['abc'] }],
      ['01a1fcfc-43b9-71e6-8b70-c4fcb5379c52', { ids: ['01a1fcfc-43b9-71e6-8b70-c4fcb5379c52'] }],
    ]
    for (const [text, filter] of cases) {
      const search = searchOf(text, now)
      assert.deepEqual([search.filter, search.matchers.length], [filter, 0], text)
    }
  })

  test('finds words in id, task, arguments, error and tags, in upper and lower case', () => {
    for (const word of [
      'ada@',
      'NO SUCH'.split(' ')[0] as string,
      '"no such user"',
      'rangeerror',
      'e_user',
      'mail.se',
      '43b9',
      '"nightly run"',
      '5',
    ])
      assert.ok(fits(word), word)
    for (const word of ['nobody', '"such no"', 'done', '77']) assert.ok(!fits(word), word)
  })

  test('wants all of its words, and none of those with a minus', () => {
    assert.ok(fits('ada such -nobody'))
    assert.ok(!fits('ada nobody'))
    assert.ok(!fits('ada -such'))
    assert.ok(!fits('-state:failed'))
    assert.ok(fits('-state:done -queue:other -tag:other'))
    assert.ok(!fits('-task:mail.*'))
  })

  test('takes patterns and alternatives for names', () => {
    for (const text of [
      'task:mail.*',
      'task:*',
      'task:*.send',
      'task:m*l.s*d',
      'task:other,mail.send',
      'worker:host-*',
      'id:01a1*',
      'tag:*run',
      'queue:a,mail',
    ])
      assert.ok(fits(text), text)
    for (const text of ['task:*mail', 'task:mail.send*x', 'worker:host', 'task:m*m*m*m', 'queue:a,b'])
      assert.ok(!fits(text), text)
    // Stars must not cost more than the name is long.
    assert.ok(!fits(`task:${'*a'.repeat(200)}`))
  })

  test('takes a second word of a key as one more that must be true', () => {
    assert.deepEqual(searchOf('tag:import tag:other', now).filter, { tag: 'import' })
    assert.ok(!fits('tag:import tag:other'))
    assert.ok(fits('tag:import tag:"nightly run"'))
    assert.ok(!fits('state:failed state:done'))
  })

  test('takes times from now on back, and moments and days in UTC', () => {
    for (const text of [
      'sent:2h',
      'sent:1h',
      'sent:>30m',
      'sent:>2026-11-30',
      'sent:2026-11-30',
      'sent:<2026-11-30T11:30',
      'sent:2026-11-29..2026-11-30',
      'sent:..2026-11-30T11:00Z',
      'ended:1m',
      'started:<2026-11-30T13:00+01:00',
      'sent:2h..30m',
    ])
      assert.ok(fits(text), text)
    for (const text of [
      'sent:30m',
      'sent:>2h',
      'sent:>2026-12-01',
      'sent:2026-11-29',
      'sent:2026-11-28..2026-11-29',
      'ended:10s',
    ])
      assert.ok(!fits(text), text)
    const { endedAt: _endedAt, ...unended } = job
    assert.ok(!fits('ended:1d', unended))
    assert.equal(searchOf('sent:1h', now).sentFrom, now - 3_600_000)
    assert.equal(searchOf('-sent:1h', now).sentFrom, undefined)
  })

  test('takes lengths and numbers', () => {
    for (const text of [
      'took:>5s',
      'took:10s',
      'took:1s..1m',
      'attempt:3',
      'attempt:>1',
      'attempt:..5',
      'is:retried',
      'error:such',
      'args:ada',
      '-is:damaged',
      '-result:1',
    ])
      assert.ok(fits(text), text)
    for (const text of ['took:<5s', 'attempt:4', 'is:damaged', 'error:ada', 'args:such', 'result:1'])
      assert.ok(!fits(text), text)
    assert.ok(fits('result:"ok"', { ...job, result: { said: 'OK' } }))
    assert.ok(fits('is:damaged', { ...job, damaged: ['error'] }))
  })

  test('that makes no sense is refused, with what was meant perhaps', () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['stat:failed', /Did you mean state:\?/],
      ['state:faild', /Did you mean failed\?/],
      ['state:', /needs a value/],
      ['tag:"open', /A quote is not ended/],
      ['sent:yesterday', /needs a time/],
      ['sent:2026-13-01', /needs a time/],
      ['took:fast', /needs a number/],
      ['attempt:1e9', /needs a number/],
      ['is:odd', /damaged or retried/],
      ['x'.repeat(1_001), /at most 1000 characters/],
    ]
    for (const [text, message] of wrong) assert.throws(() => searchOf(text, now), { status: 400, message }, text)
    // With a colon of its own it goes in quotes.
    assert.ok(fits('-"http://x"'))
  })
})
