import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cells, nameOf } from './cells.ts'
import { type Evidence, violationsNow, violationsOf } from './check.ts'
import { KillMatrix } from './matrix.ts'
import type { Mark } from './programs/tasks.ts'

const job = (id: string, state: string, more: object = {}): never =>
  ({ id, state, task: 'tasks.inStore', tags: [], ...more }) as never
const mark = (what: Mark['what'], token: number, step?: string): Mark => ({
  what,
  job: 'a',
  token,
  attempt: token,
  pid: 1,
  task: 'tasks.inStore',
  ...(step === undefined ? {} : { step }),
})
const evidence = (changes: Partial<Evidence>): Evidence => ({
  accepted: [{ job: 'a', task: 'inStore' }],
  marks: [mark('begin', 1), mark('end', 1)],
  rows: [{ job: 'a', token: 1 }],
  jobs: new Map([['a', job('a', 'done')]]),
  ...changes,
})

describe('the checker of the kill matrix', () => {
  test('finds nothing where nothing is wrong', () => {
    assert.deepEqual(violationsOf(evidence({})), [])
  })

  test('finds each promise that is broken', () => {
    const broken: [Partial<Evidence>, RegExp][] = [
      [{ jobs: new Map() }, /accepted and is gone/],
      [{ jobs: new Map([['a', job('a', 'running')]]), rows: [] }, /still running/],
      [{ rows: [] }, /its effect is missing/],
      [{ rows: [1, 1].map(token => ({ job: 'a', token })) }, /committed 2 times/],
      [{ jobs: new Map([['a', job('a', 'dead')]]) }, /is dead, and its effect is there/],
      [{ marks: [mark('begin', 1), mark('begin', 2)] }, /under token 1, after token 2/],
      [
        {
          marks: [mark('step', 1, 'one'), mark('step', 1, 'two'), mark('step', 2, 'one')],
          rows: [{ job: 'a', token: 2 }],
        },
        /step one of job a was done again/,
      ],
    ]
    for (const [changes, message] of broken) {
      const found = violationsOf(evidence(changes))
      assert.equal(found.length, 1, `${message}: ${found.join('; ')}`)
      assert.match(found[0] ?? '', message)
    }
  })

  test('finds limits and unique keys that do not hold', () => {
    const running = ['a', 'b', 'c'].map(id => job(id, 'running', { limitKey: 'k' }))
    assert.match(violationsNow(running, 0)[0] ?? '', /3 jobs with the limit 'k'/)
    assert.deepEqual(violationsNow(running.slice(1), 0), [])
    const pending = [job('a', 'ready', { key: 'u' }), job('b', 'running', { key: 'u' })]
    assert.match(violationsNow(pending, 0)[0] ?? '', /2 jobs with the unique key 'u'/)
    assert.deepEqual(violationsNow([job('a', 'done', { key: 'u' }), job('b', 'running', { key: 'u' })], 0), [])
  })

  test('finds a job that nobody takes over', () => {
    const job60 = job('a', 'running', { startedAt: 0, worker: 'w' })
    assert.deepEqual(violationsNow([job60], 20_000), [])
    assert.match(violationsNow([job60], 60_000)[0] ?? '', /job a is still running under worker w/)
  })
})

describe('workers and clients that are killed', { skip: process.platform === 'win32' }, () => {
  test('lose no job, write nothing under an old token, and leave no lease', { timeout: 240_000 }, async () => {
    // A short run: each way to die at two places or so. The long one is npm run kill-matrix.
    const seed = 7
    const some = cells.filter(({ how, where }) => how === 'kill' || where === 'random' || where === 'after-effect')
    const report = await new KillMatrix({ kills: 18, seed, only: some.map(nameOf) }).run()
    assert.deepEqual(report.violations, [], `seed ${seed}`)
    assert.ok(report.kills >= 18)
    assert.ok(report.accepted > 0)
  })
})
