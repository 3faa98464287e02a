// Tests of the tasks and of the page, on a clock that they turn. Run it by itself: node --test approval.test.ts
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { DurableJob } from 'skein/queue'
import { testQueue, type TestQueue } from 'skein/testing'
import { balance, entries } from './ledger.ts'
import { approvalSite } from './site.ts'
import { type Purchase, purchase } from './tasks.ts'

const screen: Purchase = { number: 'P-1', who: 'Ada', what: 'A screen', cents: 24_900 }

let folder: string
let ledger: string
let bench: TestQueue
let site: ReturnType<typeof approvalSite>
let address: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skein-approval-test-'))
  ledger = join(folder, 'ledger.jsonl')
  bench = await testQueue({ tasks: [purchase] })
  site = approvalSite(bench.queue).listen(0, '127.0.0.1')
  await once(site, 'listening')
  address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
})

afterEach(async () => {
  site.closeAllConnections()
  site.close()
  await bench.close()
  rmSync(folder, { recursive: true })
})

/** Presses a button of the page; the status of the answer. */
async function press(job: Pick<DurableJob<string>, 'id'>, answer: 'approve' | 'decline'): Promise<number> {
  const response = await fetch(`${address}/purchases/${job.id}/${answer}`, { method: 'POST', redirect: 'manual' })
  await response.text()
  return response.status
}

async function submitted(wish: Purchase = screen): Promise<DurableJob<string>> {
  return bench.queue.submit(purchase, wish, ledger)
}

async function ids(): Promise<string[]> {
  return (await entries(ledger)).map(each => each.id)
}

test('a purchase that is approved after two days is ordered', async () => {
  const job = await submitted()
  await bench.waitFor(job, 'held')
  assert.equal(await balance(ledger, 100_000), 75_100)
  await bench.clock.advance('2d')
  assert.equal(await press(job, 'approve'), 303)
  await bench.drain()
  assert.equal(await job.result(), 'P-1 ordered')
  assert.deepEqual(await ids(), ['P-1 set aside', 'P-1 ordered'])
})

test('the money of one that is declined is given back', async () => {
  const job = await submitted()
  await bench.waitFor(job, 'held')
  await press(job, 'decline')
  await bench.drain()
  await assert.rejects(job.result(), { message: 'declined by the web page' })
  assert.deepEqual(await ids(), ['P-1 set aside', 'P-1 given back'])
})

test('nobody answers: after three days the money is given back', async () => {
  const job = await submitted()
  await bench.drain()
  await assert.rejects(job.result(), { code: 'SKEIN_TIMEOUT' })
  assert.equal(bench.clock.elapsed, 3 * 86_400_000)
  assert.equal(await balance(ledger, 100_000), 100_000)
})

test('an answer that comes before the job waits is kept for it, and the first one counts', async () => {
  const job = await submitted()
  assert.equal(await press(job, 'approve'), 303)
  assert.equal(await press(job, 'decline'), 303)
  await bench.drain()
  assert.equal(await job.result(), 'P-1 ordered')
})

test('an answer that comes too late, or for a purchase that there is not, is refused with the reason', async () => {
  const job = await submitted()
  await press(job, 'approve')
  await bench.drain()
  assert.equal(await press(job, 'decline'), 409)
  assert.equal(await press({ id: 'P-7' }, 'approve'), 409)
  assert.equal((await fetch(`${address}/purchases`)).status, 404)
})

test('a page of somebody else cannot press a button, nor one that does not say whose it is', async () => {
  const job = await submitted()
  for (const origin of ['https://example.org', 'null']) {
    const response = await fetch(`${address}/purchases/${job.id}/approve`, { method: 'POST', headers: { origin } })
    assert.equal(response.status, 403)
  }
  const origin = address
  const own = { method: 'POST', headers: { origin }, redirect: 'manual' } as const
  assert.equal((await fetch(`${address}/purchases/${job.id}/approve`, own)).status, 303)
})

test('an address that nobody can read is a page that there is not', async () => {
  for (const path of ['/purchases/%ff/approve', '//']) {
    assert.equal((await fetch(`${address}${path}`, { method: 'POST' })).status, 404)
  }
})

for (const label of ['after-claim', 'mid-run', 'before-ack', 'during-ack', 'after-ack'] as const) {
  for (const answer of ['approve', 'decline'] as const) {
    test(`a worker that dies at ${label}, and one to ${answer}: each entry is in the ledger once`, async () => {
      const job = await submitted()
      bench.crash.at(label)
      await bench.waitFor(job, 'held')
      bench.crash.at(label)
      await press(job, answer)
      await bench.drain()
      const end = answer === 'approve' ? 'P-1 ordered' : 'P-1 given back'
      assert.deepEqual(await ids(), ['P-1 set aside', end])
      assert.ok(bench.crash.count > 0)
      assert.equal((await job.status()).state, answer === 'approve' ? 'done' : 'failed')
    })
  }
}

test('the page shows what people have typed as text', async () => {
  const job = await submitted({ ...screen, what: '<script>alert(1)</script>', who: '"><img>' })
  await bench.waitFor(job, 'held')
  const html = await (await fetch(address)).text()
  assert.ok(!/<script|<img/.test(html))
  assert.match(html, /&#60;script&#62;alert\(1\)/)
  assert.match(html, /249\.00 €/)
})
