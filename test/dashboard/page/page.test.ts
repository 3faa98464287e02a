import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, describe, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { call } from 'skein'
import { dashboard, type DashboardOptions } from 'skein/dashboard'
import { connect } from 'skein/queue'
import { freshFile, workerOn } from '../board.ts'
import { add, fail, graph, tell, untilCancelled } from '../tasks.ts'
import { closeBrowser, openPage, served, testInBrowser } from './browser.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const hostile = '<img src=x onerror=alert(1)> \u202egnirts \u001b[31mred </script><script>alert(2)</script>'

after(closeBrowser)

/** Something that axe has found. */
interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

/** A shop with a worker, of which something has failed, waits, runs and comes again and again. */
async function shop(t: TestContext, options: Partial<DashboardOptions> = {}) {
  const store = await freshFile(t)
  const queue = await connect(store)
  t.after(() => queue.close())
  await workerOn(t, store)
  const failed = await queue.submit(
    call(fail, 'no such user').with({ id: 'failed', tags: ['import'], retries: { times: 1, backoff: 1 } }),
  )
  const told = await queue.submit(call(tell, { id: 'A-1', password: 'hunter2' }).with({ id: 'told' }))
  const whole = await queue.submit(graph())
  await Promise.allSettled([failed, told, whole].map(job => job.result()))
  const running = await queue.submit(call(untilCancelled).with({ id: 'running' }))
  for await (const event of running.events()) if (event.type === 'started') break
  await queue.submit(call(fail, hostile).with({ id: 'hostile<b>', queue: 'other', tags: [hostile] }))
  await queue.schedule('daily', { cron: '0 8 * * 1-5' }, call(add, 1, 2))
  const board = await dashboard({ store, authorize: () => true, ...options })
  t.after(() => board.close())
  const { address } = await served(t, board)
  return { queue, address, store }
}

/** Opens a screen, and waits until it is there. */
async function screen(page: Page, hash: string, heading: string | RegExp): Promise<void> {
  await page.goto(page.url().replace(/#.*/, '') + hash)
  await page.getByRole('heading', { level: 1, name: heading }).waitFor()
  await page.waitForFunction(`document.querySelector('main .loading') === null`)
}

const screens: readonly (readonly [hash: string, heading: string | RegExp, shows: string])[] = [
  ['#/', 'Overview', 'Ended in the last hour'],
  ['#/queues', 'Queues', 'oldest waits'],
  ['#/jobs', 'Jobs', 'no such user'],
  ['#/jobs?q=state:failed', 'Jobs', '1 in all'],
  ['#/jobs/failed', 'shop.fail', 'attempt failed; tried again'],
  ['#/jobs/told', 'shop.tell', 'half way'],
  ['#/jobs/running', 'shop.untilCancelled', 'running'],
  ['#/jobs/hostile%3Cb%3E', 'shop.fail', '<img src=x onerror=alert(1)>'],
  ['#/schedules', 'Schedules', '0 8 * * 1-5'],
  ['#/schedules/daily', 'daily', 'Next times'],
  ['#/workers', 'Workers', 'shop.untilCancelled'],
]

describe('the page of a dashboard, in a browser', () => {
  testInBrowser(
    'has a screen for everything, each with an address, without a serious fault of access, in light and dark',
    async t => {
      const { address } = await shop(t)
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await openPage(t, `${address}/`, { colorScheme })
        for (const [hash, heading, shows] of screens) {
          await screen(page, hash, heading)
          await page.getByText(shows).first().waitFor({ state: 'attached' })
          // What is dark differs in its colours alone.
          const rules = colorScheme === 'dark' ? `{ runOnly: ['color-contrast'] }` : '{}'
          const { violations } = await page.evaluate<{ readonly violations: readonly Violation[] }>(
            `${axe}\naxe.run(${rules})`,
          )
          const found = violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' ')}`)
          assert.deepEqual(found, [], `${hash}, ${colorScheme}`)
        }
      }
    },
  )

  testInBrowser('is nowhere wider than a phone of 320 px', async t => {
    const { address } = await shop(t)
    const page = await openPage(t, `${address}/`, { viewport: { width: 320, height: 640 } })
    for (const [hash, heading] of screens) {
      await screen(page, hash, heading)
      const beyond = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
      assert.equal(beyond, 0, hash)
    }
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320)
  })

  testInBrowser('shows hostile text as text, wherever it stands, and what is hidden not at all', async t => {
    const { address } = await shop(t)
    const page = await openPage(t, `${address}/`)
    for (const [hash, heading] of screens) {
      await screen(page, hash, heading)
      assert.equal(await page.locator('main img, main script').count(), 0)
      const text = await page.innerText('body')
      assert.doesNotMatch(text, /\p{Bidi_Control}|(?![\n\t])\p{Cc}|hunter2|xyz/u)
    }
    await screen(page, '#/jobs?q=%3Cimg', 'Jobs')
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor()
    assert.match(await page.innerText('body'), /\\u\{202e\}gnirts \\u\{1b\}\[31mred/)
  })

  testInBrowser('retries a job, cancels one and purges one, each after it was confirmed', async t => {
    const { address, queue } = await shop(t)
    const page = await openPage(t, `${address}/#/jobs/failed`)
    const act = async (name: string, confirm: string): Promise<void> => {
      await page.getByRole('button', { name, exact: true }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: confirm, exact: true }).click()
      await dialog.getByText('1 of 1').waitFor()
      await dialog.getByRole('button', { name: 'Close' }).click()
    }
    await act('Retry', 'Retry')
    await assert.rejects((await queue.job('failed'))?.result() ?? Promise.resolve(), /no such user/)
    await page.getByText('made to run again by hand').waitFor()
    await screen(page, '#/jobs/running', 'shop.untilCancelled')
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.getByLabel('Reason').fill('wrong customer')
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel jobs' }).click()
    await page.getByRole('dialog').getByText('asked to stop').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
    await page.locator('.title').getByText('cancelled', { exact: true }).waitFor()
    await page.getByText('wrong customer').first().waitFor()
    await screen(page, '#/jobs/told', 'shop.tell')
    await act('Purge', 'Purge')
    await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor()
    assert.equal(await queue.job('told'), undefined)
  })

  testInBrowser('acts on what was selected, and on all that match', async t => {
    const { address, queue } = await shop(t)
    await queue.pause()
    for (let at = 0; at < 60; at++) await queue.submit(call(add, at, 1).with({ id: `job-${at}`, tags: ['many'] }))
    const page = await openPage(t, `${address}/#/jobs?q=tag:many`)
    await page.getByLabel('Select job job-59').check()
    await page.getByLabel('Select job job-58').check()
    await page.getByRole('group', { name: 'Actions for 2 selected' }).getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel jobs' }).click()
    await page.getByRole('dialog').getByText('2 of 2').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByText('60 in all').waitFor()
    await page
      .getByRole('group', { name: 'Actions for all that match' })
      .getByRole('button', { name: 'Cancel' })
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel jobs' }).click()
    await page.getByRole('dialog').getByText('58 of 58').waitFor()
    assert.equal((await queue.jobs({ tag: 'many', states: ['cancelled'] })).length, 60)
  })

  testInBrowser('submits a job with other arguments, pauses a queue and runs a schedule', async t => {
    const { address, queue } = await shop(t)
    const page = await openPage(t, `${address}/#/jobs/told`)
    await page.getByRole('button', { name: 'Clone and edit' }).click()
    const field = page.getByLabel('Arguments, a list of JSON')
    await field.fill('[{"id": "A-2", "password": "[hidden]"')
    await page.getByRole('button', { name: 'Submit' }).click()
    await page.getByText('The arguments are not JSON').waitFor()
    await field.fill('[{"id": "A-2", "password": "[hidden]"}]')
    await page.getByRole('button', { name: 'Submit' }).click()
    await page.waitForURL(url => !url.hash.endsWith('/told'))
    await page.locator('.title').getByText('done').waitFor()
    const id = decodeURIComponent(page.url().split('#/jobs/')[1] as string)
    assert.deepEqual((await (await queue.job(id))?.status())?.args, [{ id: 'A-2', password: 'hunter2' }])
    await screen(page, '#/queues', 'Queues')
    await page.getByRole('button', { name: 'Pause queue other' }).click()
    await page.getByRole('button', { name: 'Resume queue other' }).waitFor()
    assert.equal((await queue.storeStats()).queues.find(each => each.queue === 'other')?.paused, true)
    await screen(page, '#/schedules', 'Schedules')
    await page.getByRole('button', { name: 'Run now: daily' }).click()
    await page.getByRole('heading', { level: 1, name: 'shop.add' }).waitFor()
    await screen(page, '#/schedules/daily', 'daily')
    await page.getByRole('button', { name: 'Pause daily' }).click()
    await page.locator('.title').getByText('paused').waitFor()
  })

  testInBrowser('is worked by the keyboard: search, lists, help, and back', async t => {
    const { address } = await shop(t)
    const page = await openPage(t, `${address}/`)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.keyboard.press('/')
    await page.waitForFunction(`document.activeElement?.id === 'search'`)
    await page.keyboard.type('stat')
    await page.getByRole('option', { name: 'state: state:failed,dead' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.type('failed')
    await page.keyboard.press('Enter')
    await page.getByText('1 in all').waitFor()
    assert.match(page.url(), /#\/jobs\?q=state%3Afailed$/)
    await page.keyboard.press('Escape')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('x')
    await page.getByText('1 selected:').waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'shop.fail' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('1 in all').waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Help' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    for (const [key, heading] of [
      ['q', 'Queues'],
      ['s', 'Schedules'],
      ['w', 'Workers'],
      ['o', 'Overview'],
      ['j', 'Jobs'],
    ] as const) {
      await page.keyboard.press(key)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    }
  })

  testInBrowser('shows what happens without being loaded again, and keeps a search', async t => {
    const { address, queue } = await shop(t)
    const page = await openPage(t, `${address}/#/jobs?q=tag:new`)
    await page.getByText('No job matches.').waitFor()
    await page.getByRole('button', { name: '+ keep this search' }).click()
    await queue.submit(call(add, 1, 2).with({ id: 'newest', tags: ['new'] }))
    await page.getByLabel('Select job newest').waitFor()
    await page.reload()
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'tag:new' }).waitFor()
    await page.getByRole('button', { name: 'Forget the view tag:new' }).click()
    await page.getByRole('link', { name: 'tag:new', exact: true }).waitFor({ state: 'detached' })
  })

  testInBrowser('says what is wrong with a search', async t => {
    const { address } = await shop(t)
    const page = await openPage(t, `${address}/#/jobs?q=stat:failed`)
    await page.getByRole('alert').getByText('Did you mean state:?').waitFor()
  })

  testInBrowser('offers nothing that is not allowed', async t => {
    const { address } = await shop(t, { readOnly: true })
    const page = await openPage(t, `${address}/`)
    await page.getByText('read-only').waitFor()
    for (const [hash, heading] of screens) {
      await screen(page, hash, heading)
      for (const name of [/^Retry/, /^Cancel/, /^Purge/, /^Pause/, /^Resume/, /^Run/, /^Clone/])
        assert.equal(await page.locator('main').getByRole('button', { name }).count(), 0, `${hash} ${name}`)
    }
  })

  testInBrowser('lives through a restart of its server, and lets in by its token', async t => {
    const store = await freshFile(t)
    const queue = await connect(store)
    t.after(() => queue.close())
    await queue.submit(call(add, 1, 2).with({ id: 'first' }))
    const token = 'abcdefghijklmnopqrstuvwx'
    const before = await dashboard({ store, token })
    const server = await served(t, before)
    const page = await openPage(t, `${server.address}/?token=${token}#/jobs`)
    await page.getByLabel('Select job first').waitFor()
    assert.doesNotMatch(page.url(), /token/)
    await server.close()
    await before.close()
    await page.getByRole('alert').getByText('does not answer').waitFor()
    await page.getByLabel('Select job first').waitFor()
    await queue.submit(call(add, 1, 2).with({ id: 'second' }))
    const again = await dashboard({ store, token })
    t.after(() => again.close())
    await served(t, again, server.port)
    await page.getByLabel('Select job second').waitFor()
    assert.equal(await page.getByRole('alert').count(), 0)
    await openPage(t, server.address).then(other => other.getByText('is not open to everybody').waitFor())
  })
})
