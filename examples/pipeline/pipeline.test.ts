// Tests of the pipeline on a clock that they turn. Run it by itself: node --test pipeline.test.ts
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { call } from 'skein'
import { testQueue, type TestQueue, type VirtualClock, virtualClock } from 'skein/testing'
import { measure, pipeline, publish, summarize, survey } from './tasks.ts'

let folder: string
let modules: string
let page: string
let clock: VirtualClock
let bench: TestQueue

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skein-pipeline-test-'))
  modules = join(folder, 'node_modules')
  page = join(folder, 'out', 'report.html')
  mkdirSync(join(folder, 'out'))
  makePackage('left', { 'index.js': 'export const left = 1\n', 'index.d.ts': 'export const left: number\n' })
  makePackage('@scope/right', {
    'lib/index.mjs': 'a\nb\nc\n',
    'lib/index.mjs.map': '{}',
    'node_modules/inner/index.js': 'x\n',
  })
  clock = virtualClock({ start: new Date('2027-03-26T12:00:00Z') })
  bench = await testQueue({ tasks: [survey, measure, summarize, publish], clock })
})

afterEach(async () => {
  await bench.close()
  clock.restore()
  rmSync(folder, { recursive: true })
})

function makePackage(name: string, files: Readonly<Record<string, string>>, license = 'MIT'): void {
  for (const [file, text] of Object.entries({
    'package.json': JSON.stringify({ name, version: '1.2.3', license }),
    ...files,
  })) {
    mkdirSync(join(modules, name, file, '..'), { recursive: true })
    writeFileSync(join(modules, name, file), text)
  }
}

/** The rows of the page, as text. */
function rows(): string[] {
  const html = readFileSync(page, 'utf8')
  return [...html.matchAll(/<tr><td>(.*)<\/td><\/tr>/g)].map(([, cells = '']) => cells.replace(/<\/td><td[^>]*>/g, ' '))
}

test('the page has a row for each package', async () => {
  const job = await bench.queue.submit(survey, modules, page)
  await bench.drain()
  assert.equal(await job.result(), page)
  assert.deepEqual(rows().toSorted(), ['@scope/right 1.2.3 MIT 3 3 1 kB', 'left 1.2.3 MIT 3 2 1 kB'])
})

test('it comes every morning at six, also on the day on which the clocks go forward', async () => {
  const everyMorning = { cron: '0 6 * * *', timeZone: 'Europe/Berlin' }
  const schedule = await bench.queue.schedule('packages', everyMorning, call(survey, modules, page), { times: 3 })
  await bench.clock.advance('4d')
  await bench.drain()
  const { runs } = await schedule.status()
  assert.deepEqual(
    runs.map(({ id }) => id),
    ['packages@2027-03-29T04:00:00.000Z', 'packages@2027-03-28T04:00:00.000Z', 'packages@2027-03-27T05:00:00.000Z'],
  )
  for (const { id } of runs) assert.equal(await (await bench.queue.job(id))?.result(), page)
})

for (const label of ['after-claim', 'after-effect', 'during-ack', 'after-ack'] as const) {
  for (const time of [1, 2, 3]) {
    test(`a worker that dies at ${label}, in passage ${time}: the page is whole`, async () => {
      bench.crash.at(label, { time })
      const job = await bench.queue.submit(survey, modules, page)
      await bench.drain()
      assert.equal(await job.result(), page)
      assert.equal(rows().length, 2)
      assert.equal(bench.crash.count, 1)
    })
  }
}

test('after a failure of the last step it goes on from there', async () => {
  rmSync(join(folder, 'out'), { recursive: true })
  const job = await bench.queue.submit(pipeline(modules, page))
  await bench.drain()
  await assert.rejects(job.result(), { code: 'ENOENT' })
  mkdirSync(join(folder, 'out'))
  makePackage('later', {}) // what is there by now is not looked at again
  await bench.queue.retry(job.id)
  await bench.drain()
  const again = await bench.queue.job(job.id) // a handle keeps the end that it has heard of
  assert.equal(await again?.result(), page)
  assert.equal(rows().length, 2)
})

test('a package that cannot be measured fails the whole, and the page of yesterday stays', async () => {
  writeFileSync(page, 'yesterday')
  makePackage('broken', { 'package.json': '{' })
  const job = await bench.queue.submit(survey, modules, page)
  await bench.drain()
  await assert.rejects(job.result(), { name: 'SyntaxError' })
  assert.equal(readFileSync(page, 'utf8'), 'yesterday')
})

test('an empty folder is not worth another attempt', async () => {
  mkdirSync(join(folder, 'empty'))
  const job = await bench.queue.submit(call(survey, join(folder, 'empty'), page).with({ retries: 5 }))
  await bench.drain()
  await assert.rejects(job.result(), { code: 'SKEIN_NON_RETRYABLE' })
  assert.equal((await job.status()).attempt, 1)
  assert.ok(!existsSync(page))
})

test('the page shows what packages say of themselves as text', async () => {
  makePackage('odd', {}, '</script><script>alert(1)</script>')
  await bench.queue.submit(survey, modules, page)
  await bench.drain()
  const html = readFileSync(page, 'utf8')
  assert.ok(!html.includes('<script>alert'))
  assert.ok(html.includes('&#60;script&#62;alert'))
})
