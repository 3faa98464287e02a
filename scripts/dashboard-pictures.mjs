// node scripts/dashboard-pictures.mjs [folder]: makes a picture of each screen of the dashboard, light and dark, wide and 320 px, on a
// shop with real workers. Build it first. Needs Chromium.
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium } from 'playwright-core'
import { call } from 'skein'
import { dashboard, nodeHandler } from 'skein/dashboard'
import { connect, work } from 'skein/queue'
import { sqliteConnection } from 'skein/stores/sqlite'
import * as tasks from './demo-tasks.mjs'
import { chromiumProgram } from './services.mjs'

const { charge, cleanUp, crash, importFeed, invoice, mail, price, thumbnail, total } = tasks
const out = resolve(process.argv[2] ?? 'build/pictures')
const { program, missing } = await chromiumProgram()
if (missing !== undefined) throw new Error(missing)
await mkdir(out, { recursive: true })
const folder = await mkdtemp(join(tmpdir(), 'skein-pictures-'))
const file = join(folder, 'shop.db')
const store = `sqlite:${file}?durability=relaxed`

const queue = await connect(store, { queue: 'orders' })
const people = ['ada', 'grace', 'alan', 'edsger', 'barbara', 'donald', 'radia', 'leslie']
const submitted = []
const submit = async (made, options) => submitted.push(await queue.submit(made.with(options)))
for (let n = 0; n < 260; n++) {
  const who = people[n % people.length]
  const order = {
    id: `A-${1000 + n}`,
    customer: who,
    cents: n % 23 === 7 ? 120_000 : 1_900 + n * 13,
    card: { number: '4111…', cvc: '123' },
  }
  await submit(call(charge, order), { tags: [`customer:${who}`], retries: n % 46 === 7 ? { times: 2, backoff: 1 } : 0 })
  if (n % 2)
    await submit(
      call(mail, {
        to: `${who}@${n % 31 === 5 ? 'nowhere.invalid' : 'example.org'}`,
        subject: `Your order A-${1000 + n}`,
        password: 'hunter2',
      }),
      { queue: 'mail' },
    )
  if (n % 3 === 0) await submit(call(thumbnail, 64 + n), { queue: 'media', priority: n % 9 === 0 ? 5 : 0 })
}
const graph = await queue.submit(
  call(
    invoice,
    call(
      total,
      [3, 5, 8, 13].map(each => call(price, each, 1.19)),
    ),
    'ada',
  ).with({ queue: 'orders' }),
)
submitted.push(graph)
await submit(call(crash), { queue: 'media', id: 'crash-1' })
await queue.schedule('clean-up', { every: '15m' }, call(cleanUp), { overlap: 'skip' })
await queue.schedule('daily-report', { cron: '0 8 * * mon-fri', timeZone: 'Europe/Berlin' }, call(cleanUp))
await queue.schedule('feed-of-suppliers', { cron: '*/10 * * * *' }, call(importFeed, 'suppliers', 500), {
  overlap: 'skip',
  jitter: '30s',
})
await (await queue.schedule('daily-report')).pause()

const known = Object.values(tasks)
const workers = [
  await work({ store, tasks: known, queues: ['orders', 'mail'], on: 'loop', concurrency: 8 }),
  await work({
    store,
    modules: [new URL('./demo-tasks.mjs', import.meta.url).href],
    queues: ['media', 'orders'],
    on: 'processes',
    concurrency: 2,
  }).catch(() =>
    work({ store, tasks: known.filter(each => each !== crash), queues: ['media'], on: 'processes', concurrency: 2 }),
  ),
]
await Promise.allSettled(submitted.map(job => job.result()))
for (const name of ['clean-up', 'feed-of-suppliers']) await (await queue.schedule(name)).run()
const long = await queue.submit(call(importFeed, 'suppliers', 400).with({ queue: 'orders', id: 'import-of-suppliers' }))
const held = await queue.submit(call(total, [long, call(price, 4, 2)]).with({ queue: 'orders', tags: ['nightly'] }))
for (let n = 0; n < 14; n++) await queue.submit(call(thumbnail, n).with({ queue: 'archive' }))
for (let n = 0; n < 5; n++)
  await queue.submit(call(mail, { to: 'later@example.org' }).with({ queue: 'mail', delay: `${n + 1}h` }))
await queue.pause('archive')
await queue.cancel(
  (await queue.submit(call(mail, { to: 'oops@example.org' }).with({ delay: '2h', queue: 'mail' }))).id,
  'wrong customer',
)
await queue.submit(
  call(mail, { to: '<b>markup</b>', note: '</script><img src=x onerror=alert(1)> \u202e gnirts \u001b[31m red' }).with({
    queue: 'mail',
    delay: '3h',
    tags: ['<i>tag</i>'],
  }),
)

// An hour of history in a second: what has ended is put back by as much as its number says.
const database = sqliteConnection(file)
database.exec(`UPDATE skein_call SET sent_at = sent_at - x, due_at = due_at - x, started_at = started_at - x, ended_at = ended_at - x
  FROM (SELECT call AS c, ((call * 7919) % 3500) * 1000 AS x FROM skein_call WHERE ended IS NOT NULL) WHERE call = c`)
database.exec(
  `UPDATE skein_report SET time_at = time_at - ((call * 7919) % 3500) * 1000 WHERE call IN (SELECT call FROM skein_call WHERE ended IS NOT NULL)`,
)
database.close()

const board = await dashboard({ store, authorize: () => true })
const server = createServer(nodeHandler(board)).listen(0, '127.0.0.1')
await once(server, 'listening')
const base = `http://127.0.0.1:${server.address().port}/`
const failed = (await queue.jobs({ states: ['failed'], task: 'shop.charge', limit: 1 }))[0]
const mailed = (await queue.jobs({ states: ['done'], task: 'shop.mail', limit: 1 }))[0]
const screens = {
  overview: '#/',
  queues: '#/queues',
  jobs: '#/jobs',
  search: '#/jobs?q=state%3Afailed,dead%20declined',
  'job-failed': `#/jobs/${failed?.id}`,
  'job-done': `#/jobs/${mailed?.id}`,
  'job-running': `#/jobs/${long.id}`,
  'job-graph': `#/jobs/${encodeURIComponent(held.id)}`,
  graph: `#/jobs/${encodeURIComponent(`${graph.id}`)}`,
  hostile: '#/jobs?q=tag%3A%22%3Ci%3Etag%3C%2Fi%3E%22',
  schedules: '#/schedules',
  schedule: '#/schedules/feed-of-suppliers',
  workers: '#/workers',
}
const browser = await chromium.launch({
  executablePath: program === 'chromium' ? '/usr/bin/chromium' : program,
  args: ['--no-sandbox'],
})
const sizes = { wide: { width: 1280, height: 860 }, narrow: { width: 320, height: 700 } }
for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of size === 'wide' ? ['light', 'dark'] : ['light']) {
    const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor: 1 })
    const page = await context.newPage()
    page.on('pageerror', error => console.error(`page: ${error.message}`))
    page.on('console', message => message.type() === 'error' && console.error(`console: ${message.text()}`))
    for (const [name, hash] of Object.entries(screens)) {
      await page.goto('about:blank')
      await page.goto(`${base}${hash}`)
      await page.waitForSelector('main h1')
      await page.waitForFunction(
        () =>
          !document.querySelector('main .loading') &&
          !/Looking/.test(document.querySelector('.tools')?.textContent ?? ''),
      )
      if (name === 'graph') {
        await page.getByRole('button', { name: 'Look for jobs' }).click()
        await page.waitForFunction(() => document.querySelector('.graph svg, main section:last-child .empty'))
      }
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      if (wide > 0) console.error(`${name} (${size}) is ${wide} px too wide`)
      await page.screenshot({ path: join(out, `${name}-${size}-${colorScheme}.png`), fullPage: true })
    }
    if (size === 'wide') {
      await page.goto(`${base}#/jobs?q=state:failed`)
      await page.waitForSelector('table.jobs')
      await page.keyboard.press('?')
      await page.waitForSelector('dialog[open]')
      await page.screenshot({ path: join(out, `help-${size}-${colorScheme}.png`) })
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Retry' }).click()
      await page.waitForSelector('dialog[open]')
      await page.screenshot({ path: join(out, `confirm-${size}-${colorScheme}.png`) })
      await page.keyboard.press('Escape')
      await page.locator('#search').fill('ta')
      await page.waitForSelector('#proposals li')
      await page.screenshot({ path: join(out, `proposals-${size}-${colorScheme}.png`) })
    }
    await context.close()
  }
}
await browser.close()
server.close()
server.closeAllConnections()
await board.close()
await Promise.all(workers.map(worker => worker.close({ timeout: 0 })))
await queue.close()
await rm(folder, { recursive: true, force: true })
console.log(`pictures in ${out}`)
