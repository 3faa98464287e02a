import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { skein, workplace } from './skein.ts'

describe('skein compare', () => {
  test('measures every place, prints the table with a recommendation, and writes the report', async t => {
    const folder = workplace(t)
    const { code, stdout } = await skein(folder, [
      'compare',
      'tasks.mjs:nap',
      '5',
      '6',
      '7',
      '--budget',
      '2s',
      '--rounds',
      '1',
      '--quiet',
    ])
    assert.equal(code, 0)
    for (const row of ['one by one', 'loop', 'thread', 'process']) assert.ok(stdout.includes(row), row)
    // Which place wins is the machine's business (the decision itself is tested in advisor/decide); that one is named is ours.
    assert.match(stdout, /^(Run it|Just call it)/m)
    assert.ok(stdout.includes(join(folder, 'report.html')))
    assert.match(readFileSync(join(folder, 'report.html'), 'utf8'), /<h1>nap<\/h1>/)
    for (const line of stdout.split('\n').filter(each => !each.includes('/')))
      assert.ok(line.length <= 80, `wider than 80 columns: ${line}`)
  })

  test('gives the numbers as JSON, and no report when none is wanted', async t => {
    const folder = workplace(t)
    const { stdout } = await skein(folder, [
      'compare',
      'tasks.mjs:square',
      '3',
      '--budget',
      '1s',
      '--rounds',
      '1',
      '--json',
      '--no-report',
    ])
    const comparison = JSON.parse(stdout) as {
      places: { kind: string; calls: number }[]
      decision: { headline: string }
    }
    assert.deepEqual(
      comparison.places.map(place => place.kind),
      ['sequential', 'loop', 'threads', 'processes'],
    )
    assert.ok(comparison.places.every(place => place.calls > 0))
    assert.ok(comparison.decision.headline.length > 10)
    assert.equal(existsSync(join(folder, 'report.html')), false)
  })

  test('gives a task that computes to the event loop a few calls at a time', async t => {
    const options = ['--budget', '1s', '--rounds', '1', '--json', '--no-report']
    const { stdout } = await skein(workplace(t), ['compare', 'tasks.mjs:spin', '2', '3', ...options])
    const { places } = JSON.parse(stdout) as { places: { kind: string; atOnce: number }[] }
    assert.equal(places.find(place => place.kind === 'loop')?.atOnce, 2)
  })

  test('shows the failures of a task that fails, recommends nothing, and ends with 1', async t => {
    const folder = workplace(t)
    const { code, stdout } = await skein(folder, [
      'compare',
      'tasks.mjs:markup',
      '1',
      '--budget',
      '1s',
      '--rounds',
      '1',
      '--quiet',
    ])
    assert.equal(code, 1)
    assert.match(stdout, /Failures/)
    assert.match(stdout, /No place can be recommended/)
    const page = readFileSync(join(folder, 'report.html'), 'utf8')
    assert.ok(!page.includes('<img src=x'), 'the message of the error is markup in the page')
    assert.ok(page.includes('&lt;/script&gt;&lt;img'))
  })

  test('keeps a task that ends its process away from its own', async t => {
    const { code, stdout } = await skein(workplace(t), [
      'compare',
      'tasks.mjs:dies',
      '1',
      '--budget',
      '1s',
      '--rounds',
      '1',
      '--quiet',
      '--no-report',
    ])
    assert.equal(code, 1)
    assert.match(stdout, /Not measured: one by one, loop/)
  })
})
