import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { picture, type Size } from '#skein/cli/queue/top/picture.js'
import { sparkline } from '#skein/cli/queue/top/sparkline.js'
import type { Moment } from '#skein/cli/queue/top/moment.js'
import { firstView, type View } from '#skein/cli/queue/top/view.js'
import { clip, styleOf, terminalText, widthOf } from '#skein/cli/ui/style.js'
import { readJob } from '#skein/inspect/read-job.js'

const plain = styleOf({}, { NO_COLOR: '1' })
const coloured = styleOf({ isTTY: true }, { FORCE_COLOR: '1' })
const at = Date.UTC(2026, 4, 5, 12, 0, 30)
const none = { held: 0, delayed: 0, ready: 0, running: 0, done: 0, failed: 0, cancelled: 0, dead: 0 }

const stored = (id: string, changes: object = {}) =>
  readJob({
    id,
    queue: 'mail',
    task: 'app.send',
    state: 'running',
    headers: '{"lang":"js","task":"app.send","id":"1"}',
    body: '[["ada@example.org"],{},{}]',
    priority: 4,
    attempt: 1,
    deaths: 0,
    sentAt: at - 9_000,
    dueAt: at - 9_000,
    startedAt: at - 5_000,
    worker: 'host:1:a',
    ...changes,
  } as unknown as Parameters<typeof readJob>[0])

const quantiles = (p95: number) => ({ p50: p95 / 2, p95, most: p95 * 2 })

const moment: Moment = {
  store: 'sqlite:jobs.db',
  overview: {
    at,
    bytes: 4_096,
    queues: [
      { queue: 'mail', paused: false, counts: { ...none, running: 2, done: 40 }, oldest: 0 },
      { queue: 'archive', paused: true, counts: { ...none, ready: 3 }, oldest: 61_000 },
    ],
    workers: [
      {
        worker: 'host:1:a',
        queues: ['mail'],
        tasks: [],
        concurrency: 4,
        place: 'loop',
        startedAt: 0,
        seenAt: at,
        running: 2,
      },
      {
        worker: 'host:2:b',
        queues: ['media'],
        tasks: [],
        concurrency: 2,
        place: 'threads',
        startedAt: 0,
        seenAt: at,
        running: 0,
      },
    ],
    warnings: [{ kind: 'paused', queue: 'archive', jobs: 3 }],
    minutes: Array.from({ length: 60 }, (_, n) => ({
      at: at - 30_000 - (59 - n) * 60_000,
      done: n === 59 ? 9 : n === 58 ? 80 : 0,
      failed: n === 59 ? 1 : 0,
      cancelled: 0,
    })),
    tasks: [
      { task: 'app.send', ended: 50, failed: 1, run: quantiles(20), wait: quantiles(900) },
      { task: 'app.resize', ended: 40, failed: 0, run: quantiles(2_000), wait: quantiles(4) },
      { task: 'app.never', ended: 1, failed: 1 },
    ],
  },
  running: [stored('job-2', { startedAt: at - 1_000 }), stored('job-1')],
}

const all: Size = { columns: 120, rows: 60 }
const shown = (view: Partial<View> = {}, size: Size = all, of: Moment = moment): string[] =>
  picture(of, { ...firstView(''), ...view }, size, plain)

describe('the picture of skein top', () => {
  test('has the queues, each worker with what runs there, the longest first, and the tasks', () => {
    const text = shown().join('\n')
    assert.match(text, /^sqlite:jobs\.db {2}4(\.0+)? KiB {2}\d\d:\d\d:30$/m)
    assert.match(text, /archive \(paused\) +3 +0 +0 +0 +0 +0 +0 +0 +1 min/)
    assert.match(text, /! Queue archive is paused and 3 jobs wait/)
    // 90 in a minute and a half.
    assert.match(text, / 1\.0\/s ended; in 60 min 90, 1 failed/)
    assert.match(
      text,
      /host:1:a {2}loop {2}██░░ 2\/4 {2}mail\n +5\.00 s {2}app\.send\("ada@example\.org"\) {2}job-1\n +1\.00 s {2}app\.send\("ada@example\.org"\) {2}job-2\nhost:2:b {2}threads {2}░░ 0\/2/,
    )
    assert.match(text, /slowest first\n.*\n.*\napp\.resize .*\napp\.send .*\napp\.never +1 +1 +- +- +- +-/)
  })

  test('has the tasks in each order', () => {
    const first = (order: View['order']): string | undefined =>
      shown({ order, section: 'tasks' })
        .find(line => line.startsWith('app.'))
        ?.split(' ')[0]
    assert.deepEqual((['run', 'wait', 'ended', 'failed'] as const).map(first), [
      'app.resize',
      'app.send',
      'app.send',
      'app.send',
    ])
  })

  test('shows only what has the text of the filter in a name, while it is typed as well', () => {
    for (const view of [{ filter: 'RESIZE' }, { typing: 'resize' }]) {
      const text = shown(view).join('\n')
      assert.match(text, /app\.resize/)
      assert.doesNotMatch(text, /app\.send|host:|archive {2,}/)
    }
    // A worker is there for what runs on it; with its own name, with all of that.
    assert.match(shown({ filter: 'job-2' }).join('\n'), /host:1:a .*\n.*job-2\n\n/)
    assert.match(shown({ filter: 'host:1' }).join('\n'), /host:1:a .*\n.*job-1\n.*job-2\n/)
  })

  test('never has more lines, nor longer ones, than there is room for', () => {
    for (const rows of [1, 2, 5, 9, 14, 20, 30])
      for (const columns of [1, 2, 10, 40, 79])
        for (const view of [
          {},
          { isHelp: true },
          { section: 'running', from: 1e9 },
          { typing: 'x'.repeat(300) },
        ] as const) {
          const lines = picture(moment, { ...firstView(''), ...view }, { columns, rows }, coloured)
          assert.ok(lines.length <= rows, `${lines.length} lines in ${rows}`)
          for (const line of lines) assert.ok(widthOf(line) <= columns, `${widthOf(line)} in ${columns}: ${line}`)
        }
  })

  test('says how much of a part is not shown, and scrolls to its end and no further', () => {
    const running = Array.from({ length: 50 }, (_, n) => stored(`job-${n}`)).reverse()
    const many = { ...moment, running }
    assert.match(shown({ section: 'running' }, { columns: 120, rows: 14 }, many).join('\n'), /^Running {2}\d+ more$/m)
    const end = shown({ section: 'running', from: 1_000 }, { columns: 120, rows: 14 }, many)
    assert.match(end.join('\n'), /Running {2}\d+ to 52 of 52/)
    assert.match(end.at(-2) as string, /job-49/)
    const most = { ...moment, running: Array.from({ length: 500 }, (_, n) => stored(`job-${n}`)) }
    assert.equal(
      shown({ section: 'running' }, { columns: 120, rows: 1_000 }, most).at(-1),
      'Only the newest 500 are listed.',
    )
    // With all parts in the picture, none is left out.
    const lines = shown({}, { columns: 120, rows: 26 }, many).join('\n')
    for (const title of ['Queues', 'Running', 'Tasks in the last hour'])
      assert.match(lines, new RegExp(`^${title}`, 'm'))
    assert.match(lines, /app\.resize/)
  })

  test('shows jobs of workers that are gone, and says what a store does not tell', () => {
    const text = shown({}, all, { ...moment, running: [stored('lost', { worker: 'gone:9:z' })] }).join('\n')
    assert.match(text, /not there any more.*\n.*lost/)
    const { minutes: _, tasks: __, ...overview } = moment.overview
    const little = shown({}, all, { ...moment, overview: { ...overview, workers: [], queues: [] }, running: undefined })
    assert.match(little.join('\n'), /does not say what has ended[^]*Queues\nnone[^]*does not list what runs/)
  })

  test('shows foreign text as text', () => {
    const bad = '\u001b]0;owned\u0007\u001b[2J<b>\nnext'
    const { overview } = moment
    const hostile: Moment = {
      store: bad,
      overview: {
        ...overview,
        queues: [{ queue: bad, paused: true, counts: none, oldest: 0 }],
        workers: [{ ...(overview.workers[0] as (typeof overview.workers)[0]), worker: bad, queues: [bad], place: bad }],
        tasks: [{ task: bad, ended: 1, failed: 0 }],
      },
      running: [stored(bad, { task: bad, worker: bad, body: JSON.stringify([[bad], {}, {}]) })],
    }
    const text = terminalText(picture(hostile, firstView(bad), all, plain))
    assert.equal(text.split('\n').length - 1, picture(hostile, firstView(bad), all, plain).length)
    assert.doesNotMatch(text, /[^\P{Cc}\n]/u)
  })
})

describe('a row of bars', () => {
  test('is as high as its numbers, with nothing for none', () => {
    assert.equal(sparkline([0, 1, 4, 8]), ' ▁▄█')
    assert.equal(sparkline([]), '')
    assert.equal(sparkline([0, 0]), '  ')
    assert.equal(sparkline([1e6, 1]), '█▁')
  })
})

describe('a line that is cut', () => {
  test('keeps all its colours, and says that there was more', () => {
    const line = `${coloured.red('failed')} and ${coloured.bold('more')}`
    assert.equal(clip(line, 100), line)
    assert.equal(terminalText([clip(line, 10)]), '\u001b[31mfailed\u001b[39m an…\u001b[1m\u001b[22m\n')
    assert.equal(clip('abc', 1), '…')
    assert.equal(clip('abc', 0), '')
    assert.equal(clip('😀😀😀', 2), '😀…')
  })
})
