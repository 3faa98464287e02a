import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../support/paths.ts'

interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}
interface Goal {
  readonly what: string
  readonly goal: string
  readonly figure: string | undefined
  readonly range: readonly number[] | undefined
  readonly reached: boolean | undefined
  readonly beside?: string
}
interface Cell {
  readonly variant: string
  readonly key: string
  readonly label?: string
  readonly versus?: string
  readonly metrics: Record<string, Summary>
  readonly rounds?: readonly Record<string, number>[]
}
interface Request {
  readonly what: string
  readonly goal: string
  readonly variant: string
  readonly key?: string
  readonly against: string
  readonly metric: string
  readonly least?: number
  readonly most?: number
  readonly needs?: string
}
interface Contestant {
  readonly key: string
}
interface Suite {
  readonly title: string
  readonly inside?: boolean
  readonly contestants: readonly Contestant[]
  goals(cells: readonly Cell[]): Goal[]
}

const load = async <T>(file: string): Promise<T> =>
  (await import(pathToFileURL(join(root, 'bench', file)).href)) as Promise<T>

const { goal, held, ratio } = await load<{
  goal(cells: readonly Cell[], request: object): Goal
  held(request: object): Goal
  ratio(cells: readonly Cell[], request: Request): Goal
}>('suites/goals.mjs')
const { goalRows, goalRowsAcross, verdict } = await load<{
  goalRows(goals: readonly Goal[]): string[][]
  goalRowsAcross(runs: readonly { name: string; goals: readonly Goal[] }[]): string[][]
  verdict(goal: Goal): string
}>('lib/goal-table.mjs')
const { percentile, summary } = await load<{
  percentile(values: readonly number[], share: number): number
  summary(values: readonly number[]): Summary
}>('lib/stats.mjs')
const { fillPage } = await load<{ fillPage(page: string, sections: ReadonlyMap<string, string>): string }>(
  'lib/page.mjs',
)
const { withBefore } = await load<{ withBefore(suite: Suite, folder: string): Contestant[] }>('lib/before.mjs')
const { plainTable } = await load<{ plainTable(rows: readonly string[][], words?: number): string }>('lib/table.mjs')

const found = summary([90, 100, 130])

/** A cell of one variant with a figure for each round; undefined where the round failed. */
function cell(key: string, values: readonly (number | undefined)[]): Cell {
  const rounds = values.flatMap((ms, round) => (ms === undefined ? [] : [{ round, ms }]))
  return { variant: 'v', key, rounds, metrics: { ms: summary(rounds.map(({ ms }) => ms)) } }
}

describe('a goal of the bench', () => {
  test('says how near a figure came that is too small, or too large', () => {
    const enough = held({ what: 'w', goal: 'g', found, least: 100 })
    const few = held({ what: 'w', goal: 'g', found, least: 125 })
    const many = held({ what: 'w', goal: 'g', found, most: 80, digits: 1, unit: ' ms' })
    assert.deepEqual([enough, few, many].map(verdict), [
      'reached',
      'not reached: 80 % of it',
      'not reached: 1.25x of it',
    ])
    assert.deepEqual(
      [few, many].map(({ figure, range }) => [figure, range]),
      [
        ['100', [90, 130]],
        ['100.0 ms', [90, 130]],
      ],
    )
  })

  test('that is missed says why, as far as that is known', () => {
    const words = [100, 125].flatMap(least =>
      ['the disk', undefined].map(why => goalRows([held({ what: 'w', goal: 'g', found, least, why })])[1]?.at(-1)),
    )
    const missed = 'not reached: 80 % of it'
    assert.deepEqual(words, ['reached', 'reached', `${missed}: the disk`, `${missed}: no reason is known`])
  })

  test('without a figure says what is missing', () => {
    assert.equal(verdict(held({ what: 'w', goal: 'g', most: 1, needs: 'needs cc' })), 'not measured: needs cc')
    assert.equal(verdict(held({ what: 'w', goal: 'g', most: 1 })), 'not measured')
  })

  test('that is a ratio compares the figures of the same round, and leaves out a round that failed', () => {
    const request = { what: 'w', goal: 'g', variant: 'v', against: 'peer', metric: 'ms', most: 1 }
    const cells = [cell('skein', [10, undefined, 40]), cell('peer', [20, 5, 20])]
    assert.equal(ratio(cells, request).figure, '1.25x (25 and 20)')
    assert.deepEqual(ratio(cells, request).range, [0.5, 2])
    assert.equal(ratio([cell('skein', [10])], request).reached, undefined)
  })

  test('says how the others of the run did, above 1x where skein did better, in whichever direction that is', () => {
    const peer = { ...cell('peer', [20, 8]), label: 'peer', versus: 'skein' }
    const cells = [cell('skein', [10, 10]), peer, { ...peer, key: 'other', versus: 'another one' }]
    const request = { what: 'w', goal: 'g', variant: 'v', metric: 'ms' }
    assert.equal(goal(cells, { ...request, most: 20 }).beside, '1.40x peer (14)')
    assert.equal(goal(cells, { ...request, least: 20, digits: 1 }).beside, '0.88x peer (14.0)')
    assert.equal(goal([cells[0]!, cell('skein before', [20])], { ...request, least: 20 }).beside, '')
  })

  test('stands in one table with all others, or beside itself on another version of Node', () => {
    const [fast, slow] = [10, 30].map(ms => held({ what: 'w', goal: 'g', found: summary([ms]), most: 20, unit: ' ms' }))
    assert.ok(fast && slow)
    assert.deepEqual(goalRows([slow]), [
      ['what', 'goal', 'figure', 'reached'],
      ['w', 'g', '30 ms', 'not reached: 1.50x of it: no reason is known'],
    ])
    const other = { ...fast, what: 'v' }
    assert.deepEqual(
      goalRowsAcross([
        { name: 'a', goals: [fast] },
        { name: 'b', goals: [slow, other] },
      ]),
      [
        ['what', 'goal', 'a', 'b'],
        ['w', 'g', '10 ms: reached', '30 ms: not reached: 1.50x of it'],
        ['v', 'g', '–', '10 ms: reached'],
      ],
    )
  })

  test('is stated by every suite, also after a run in which nothing could be measured', async () => {
    const { suites } = await load<{ suites: { name: string; make(options: object): Suite }[] }>('suites/all.mjs')
    const names = suites.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
    for (const quick of [true, false]) {
      for (const { make } of suites) {
        const { title, goals } = make({ quick, full: !quick, workers: 2 })
        for (const goal of goals([])) {
          assert.equal(goal.reached, undefined, title)
          assert.ok(goal.what !== '' && goal.goal !== '', title)
        }
      }
    }
  })
})

test('a suite of the bench has each contestant once, and beside a build before each of skein once more, whatever other suites had', async () => {
  const { suites } = await load<{ suites: { make(options: object): Suite }[] }>('suites/all.mjs')
  for (const { make } of [...suites, ...suites]) {
    const suite = make({ quick: true, workers: 2 })
    const keys = suite.contestants.map(({ key }) => key)
    const again = withBefore({ ...suite, inside: true }, root).map(({ key }) => key)
    assert.equal(new Set(again).size, again.length, suite.title)
    assert.deepEqual(again.slice(0, keys.length), keys, suite.title)
    assert.ok(
      keys.every(key => !key.endsWith(' before')),
      suite.title,
    )
  }
})

test('the page on performance has one place for the tables of each suite of the bench', async () => {
  const { suites } = await load<{ suites: { name: string }[] }>('suites/all.mjs')
  const names = suites.map(({ name }) => name)
  const page = readFileSync(join(root, 'docs/performance.md'), 'utf8')
  const filled = fillPage(page, new Map(names.map(name => [name, `the tables of ${name}`])))
  assert.deepEqual(
    names.filter(name => filled.split(`the tables of ${name}\n`).length !== 2),
    [],
  )
})

test('a percentile of the bench lies between its neighbours', () => {
  assert.deepEqual(
    [0, 0.5, 0.75, 1].map(share => percentile([4, 1, 3, 2], share)),
    [1, 2.5, 3.25, 4],
  )
})

test('a table of the bench has its words to the left and its figures to the right', () => {
  const rows = [
    ['a', 'goal', 'n'],
    ['bb', 'x', '10'],
  ]
  assert.deepEqual(plainTable(rows).split('\n'), ['a   goal   n', 'bb     x  10'])
  assert.deepEqual(plainTable(rows, 2).split('\n'), ['a   goal   n', 'bb  x     10'])
})

test('runs of the bench in pieces are put together, each suite from the last that has it', async t => {
  const { readPieces } = await load<{
    readPieces(
      files: readonly string[],
      suites: readonly { name: string; make(options: object): Suite }[],
    ): { run: { date: string }; result: { name: string; goals: readonly Goal[] } }[]
  }>('lib/pieces.mjs')
  const { suites } = await load<{ suites: { name: string; make(options: object): Suite }[] }>('suites/all.mjs')
  const folder = mkdtempSync(join(tmpdir(), 'skein-pieces-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = (date: string, node: string, names: readonly string[]): string => {
    const measured = names.map(name => ({ name, title: name, rounds: 1, cells: [], goals: [] }))
    const path = join(folder, `${date}-${node}.json`)
    writeFileSync(path, JSON.stringify({ date, quick: true, workers: 2, machine: { node }, suites: measured }))
    return path
  }
  const files = [file('first', 'a', ['size', 'map']), file('second', 'a', ['size']), file('third', 'b', ['size'])]
  const found = readPieces(files, suites)
  assert.deepEqual(
    found.map(({ run, result }) => [run.date, result.name]),
    [
      ['first', 'map'],
      ['second', 'size'],
      ['third', 'size'],
    ],
  )
  assert.ok(found.every(({ result }) => result.goals.length > 0))
})

test('a page of the bench gets new tables where it has a place for them, and keeps all else', () => {
  const page = 'a\n<!-- bench:one -->\nold\n<!-- /bench:one -->\nb\n<!-- bench:two -->\nkept\n<!-- /bench:two -->\n'
  const filled = page.replace('old', '\nnew $1\n')
  const sections = new Map([
    ['one', 'new $1\n'],
    ['three', 'has no place'],
  ])
  assert.equal(fillPage(page, sections), filled)
  assert.equal(fillPage(filled, sections), filled)
})

test('the bench names no built file that is not there', () => {
  const folder = join(root, 'bench')
  const folders = ['.', 'contestants', 'lib', 'measure', 'queue', 'structured', 'suites', 'workers']
  const texts = folders.flatMap(each =>
    readdirSync(join(folder, each))
      .filter(name => name.endsWith('.mjs'))
      .map(name => readFileSync(join(folder, each, name), 'utf8')),
  )
  const named = new Set(texts.flatMap(text => text.match(/(?:dist|build\/modules)\/[\w/-]+\.js/g) ?? []))
  assert.ok(named.size > 3)
  assert.deepEqual(
    [...named].filter(path => !existsSync(join(root, path))),
    [],
  )
})
