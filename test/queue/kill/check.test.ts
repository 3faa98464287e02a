import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Evidence, violationsNow, violationsOf } from './check.ts'
import type { Mark } from './programs/marks.ts'

const job = (id: string, state: string, more: object = {}): never =>
  ({
    id,
    state,
    task: 'tasks.inStore',
    tags: [],
    ...(state === 'done' ? { result: '{"token":1}' } : {}),
    ...more,
  }) as never
const jobs = (...list: readonly { readonly id: string }[]): Evidence['jobs'] =>
  new Map(list.map(each => [each.id, each as never]))
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
  left: [],
  jobs: jobs(job('a', 'done')),
  scheduled: [],
  progress: new Map(),
  ...changes,
})
/** A job without an effect that has run from one time to another. */
const ran = (id: string, startedAt: number, endedAt: number, more: object = {}): never =>
  job(id, 'done', { task: 'tasks.plain', startedAt, endedAt, ...more })
const marksOf = (...ids: string[]): Mark[] => ids.map(id => ({ ...mark('end', 1), job: id }))

/** What a job has done and taken back, in words: `1 one` for a step under token 1, `2 -one` for its undo. */
const journey = (state: string, ...words: string[]): Partial<Evidence> => ({
  marks: words.map(each => {
    const [token = '', name = ''] = each.split(' ')
    const undone = name.startsWith('-')
    const step = undone ? name.slice(1) : name
    return { ...mark(undone ? 'undone' : 'step', Number(token), step), task: 'tasks.undoing' }
  }),
  jobs: jobs(job('a', state, { task: 'tasks.undoing' })),
  rows: [],
})

/** What goes wrong when a job is undone. */
const undoFaults: readonly (readonly [fault: string, left: Partial<Evidence>, told: RegExp])[] = [
  [
    'a step that is not undone',
    journey('failed', '1 one', '1 two', '1 three', '2 -three', '2 -two'),
    /step one of job a was not undone, and the job is failed/,
  ],
  [
    'a step that is undone twice',
    journey('failed', '1 one', '1 two', '2 -two', '2 -one', '3 -two'),
    /step two of job a was undone again under token 3, although the undo of one had followed/,
  ],
  [
    'steps that are undone the first one first',
    journey('cancelled', '1 one', '1 two', '2 -one', '2 -two'),
    /step two of job a was undone after one/,
  ],
  [
    'a step that is begun when others have been undone',
    journey('cancelled', '1 one', '1 two', '2 -two', '2 three', '3 -one'),
    /step three of job a was begun although two had been undone/,
  ],
]

/** What goes wrong in a store or a worker, what it leaves behind, and how it is told. */
const broken: readonly (readonly [fault: string, left: Partial<Evidence>, told: RegExp])[] = [
  [
    'a call of a graph that begins too early',
    {
      marks: [
        ...marksOf('a#2', 'a#3'),
        { ...mark('begin', 1), task: 'tasks.joined' },
        mark('end', 1),
        ...marksOf('a#1'),
      ],
      jobs: jobs(job('a', 'done', { task: 'tasks.joined' })),
    },
    /job a has begun, and job a#1, which it needs, had not ended/,
  ],
  [
    'a part of a graph that outlives it',
    { jobs: jobs(job('a', 'done'), job('a#1', 'held')) },
    /job a#1 is still held, and the graph of job a is over/,
  ],
  [
    'a job that is done before the graph in its place',
    { jobs: jobs(job('a', 'done', { task: 'tasks.handing' })), rows: [] },
    /job a is done, and the graph that it has handed its place to is not/,
  ],
  [
    'a term of a schedule without a job',
    { scheduled: [{ name: 's', moments: [0] }] },
    /schedule s has no job s@1970-01-01T00:00:00.000Z/,
  ],
  [
    'a job of a schedule at none of its terms',
    {
      scheduled: [{ name: 's', moments: [] }],
      jobs: jobs(job('a', 'done'), job('s@1970-01-01T00:00:00.000Z', 'failed', { task: 'tasks.plain' })),
    },
    /schedule s has job s@1970-01-01T00:00:00.000Z, which is at none of its terms/,
  ],
  [
    'a job that outlives the one that has called it',
    { jobs: jobs(job('a', 'done'), job('a/0/other', 'ready', { task: 'tasks.plain' })) },
    /job a\/0\/other is still ready, and job a, which has called it, has ended/,
  ],
  [
    'a call that was sent twice',
    {
      marks: marksOf('a', 'a/0/other', 'a/1/other'),
      jobs: jobs(
        job('a', 'done'),
        ...[0, 1].map(n => job(`a/${n}/other`, 'done', { task: 'tasks.plain' }) as { id: string }),
      ),
    },
    /job a has called another 2 times/,
  ],
  [
    'a call that was never sent',
    { jobs: jobs(job('a', 'done', { task: 'tasks.waiting' })), rows: [] },
    /job a is done without the job that it has called/,
  ],
  ['a memo that nobody needs any more', { left: ['the memo of call 7'] }, /the memo of call 7 is left behind/],
  ['an accepted job that was forgotten', { jobs: new Map(), rows: [] }, /job a was accepted and is gone/],
  ['a job that nobody ends', { jobs: jobs(job('a', 'running')), rows: [] }, /job a was accepted and is still running/],
  ['an effect that is left out', { rows: [] }, /job a is done, and its effect is missing/],
  ['an effect that is written twice', { rows: [1, 1].map(token => ({ job: 'a', token })) }, /committed 2 times/],
  [
    'an effect that is written apart from the end',
    { jobs: jobs(job('a', 'dead')) },
    /is dead, and its effect is there/,
  ],
  [
    'an effect under an old token',
    {
      marks: [...marksOf('a'), mark('begin', 2), mark('end', 2)],
      jobs: jobs(job('a', 'done', { result: '{"token":2}' })),
    },
    /effect of job a was committed under token 1, after token 2/,
  ],
  [
    'a result under an old token',
    { marks: [...marksOf('a'), mark('begin', 2), mark('end', 2)], rows: [{ job: 'a', token: 2 }] },
    /result of job a was written under token 1, after token 2/,
  ],
  [
    'an acknowledgement before the end',
    { marks: [mark('begin', 1)] },
    /done, and its attempt 1 had not come to its end/,
  ],
  ['an acknowledgement without a result', { jobs: jobs(job('a', 'done', { result: 'null' })) }, /without the result/],
  [
    'progress under an old token',
    { progress: new Map([['a', [{ token: 1 }, { token: 2 }, { token: 1 }]]]) },
    /progress of token 1, after that of token 2/,
  ],
  [
    'a step that was forgotten',
    {
      marks: [mark('step', 1, 'one'), mark('step', 1, 'two'), mark('step', 2, 'one'), mark('end', 2)],
      jobs: jobs(job('a', 'done', { result: '{"token":2}' })),
      rows: [{ job: 'a', token: 2 }],
    },
    /step one of job a was done again/,
  ],
  ...undoFaults,
  [
    'a limit that lets in a third',
    {
      accepted: [],
      rows: [],
      marks: marksOf('a', 'b', 'c'),
      jobs: jobs(...['a', 'b', 'c'].map((id, at) => ran(id, at * 10, 100, { limitKey: 'k' }))),
    },
    /3 jobs with the limit 'k' \(2\) have run at once/,
  ],
  [
    'a unique key under which the next one does not wait for the end of the one that was asked to stop',
    {
      accepted: [],
      rows: [],
      marks: marksOf('a', 'b'),
      jobs: jobs(
        ran('a', 10, 30, { key: 'u', sentAt: 0 }),
        ran('b', 29, 40, { key: 'u', sentAt: 20, after: 'end of a' }),
      ),
    },
    /jobs a and b were pending at once under the unique key 'u'/,
  ],
  [
    'a unique key that lets in a second',
    {
      accepted: [],
      rows: [],
      marks: marksOf('a', 'b'),
      jobs: jobs(ran('a', 10, 30, { key: 'u', sentAt: 0 }), ran('b', 30, 40, { key: 'u', sentAt: 20 })),
    },
    /jobs a and b were pending at once under the unique key 'u'/,
  ],
]

describe('the checker of the kill matrix', () => {
  test('finds nothing where nothing is wrong', () => {
    assert.deepEqual(violationsOf(evidence({})), [])
  })

  for (const [fault, left, told] of broken) {
    test(`tells of ${fault}, and of nothing else`, () => {
      const found = violationsOf(evidence(left))
      assert.equal(found.length, 1, found.join('; '))
      assert.match(found[0] ?? '', told)
    })
  }

  test('takes an undo that was not written, and is done again, for what it is', () => {
    const again = journey('failed', '1 one', '1 two', '2 two', '3 -two', '4 -two', '4 -one', '5 -one')
    assert.deepEqual(violationsOf(evidence(again)), [])
    assert.deepEqual(violationsOf(evidence(journey('cancelled', '1 one', '1 two', '2 -one'))), [])
  })

  test('takes jobs that follow each other for what they are', () => {
    const limited = [ran('a', 0, 10), ran('b', 0, 20), ran('c', 10, 30)].map((each: object) => ({
      ...each,
      limitKey: 'k',
    }))
    const unique = [ran('d', 5, 10, { key: 'u', sentAt: 0 }), ran('e', 15, 20, { key: 'u', sentAt: 10 })]
    const stopped = [
      ran('f', 0, 30, { key: 'v', sentAt: 0 }),
      ran('g', 30, 40, { key: 'v', sentAt: 20, after: 'end of f' }),
    ]
    const left = { accepted: [], rows: [], marks: marksOf('a', 'b', 'c', 'd', 'e', 'f', 'g') }
    const all = jobs(...(limited as never[]), ...unique, ...stopped)
    assert.deepEqual(violationsOf(evidence({ ...left, jobs: all })), [])
  })

  test('finds limits and unique keys that do not hold at the moment', () => {
    const running = ['a', 'b', 'c'].map(id => job(id, 'running', { limitKey: 'k' }))
    assert.match(violationsNow(running, 0)[0] ?? '', /3 jobs with the limit 'k'/)
    assert.deepEqual(violationsNow(running.slice(1), 0), [])
    const pending = [job('a', 'ready', { key: 'u' }), job('b', 'running', { key: 'u' })]
    assert.match(violationsNow(pending, 0)[0] ?? '', /2 jobs with the unique key 'u'/)
    assert.deepEqual(violationsNow([job('a', 'done', { key: 'u' }), job('b', 'running', { key: 'u' })], 0), [])
  })

  test('finds a job that nobody takes over', () => {
    const forgotten = job('a', 'running', { startedAt: 0, worker: 'w' })
    assert.deepEqual(violationsNow([forgotten], 20_000), [])
    assert.match(violationsNow([forgotten], 60_000)[0] ?? '', /job a is still running under worker w/)
  })
})
