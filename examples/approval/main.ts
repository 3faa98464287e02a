// A web page that approves jobs which wait for an answer. `node main.ts 8080` serves it until Ctrl-C; without a port the program
// is its own visitor, and ends.
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, main } from 'skein'
import { connect, type DurableJob, work } from 'skein/queue'
import { balance } from './ledger.ts'
import { approvalSite } from './site.ts'
import { purchase } from './tasks.ts'

const budget = 150_000
const wishes = [
  { number: 'P-1', who: 'Ada', what: 'A second screen', cents: 24_900 },
  { number: 'P-2', who: 'Grace', what: 'A coffee machine for <everybody>', cents: 89_000 },
  { number: 'P-3', who: 'Edsger', what: 'A fountain pen', cents: 12_000 },
]
const port = Number(process.argv[2] ?? 0)

await main(import.meta, async s => {
  // By hand it stays from one start to the next: the jobs wait in it, whatever is stopped.
  const folder = port === 0 ? mkdtempSync(join(tmpdir(), 'skein-approval-')) : join(tmpdir(), 'skein-approval')
  mkdirSync(folder, { recursive: true })
  const store = `sqlite:${join(folder, 'jobs.db')}`
  const ledger = join(folder, 'ledger.jsonl')
  const queue = await connect(store)
  const worker = await work({ store, tasks: [purchase], on: 'loop' })
  const site = approvalSite(queue)
  try {
    await once(site.listen(port, '127.0.0.1'), 'listening')
    const address = `http://localhost:${(site.address() as AddressInfo).port}`
    // The number is the id of the job, so a second start submits none a second time.
    const jobs = await Promise.all(
      wishes.map(each => queue.submit(call(purchase, each, ledger).with({ id: each.number }))),
    )
    if (port === 0) await visit(address, jobs, () => balance(ledger, budget))
    else {
      console.log(`open ${address}, and press a button; Ctrl-C ends this program, and the jobs wait in ${folder}`)
      await s.sleep('365d')
    }
  } finally {
    site.closeAllConnections()
    site.close()
    await worker.close()
    await queue.close()
    if (port === 0) rmSync(folder, { recursive: true })
  }
})

/** Does what a person does in a browser. */
async function visit(address: string, jobs: readonly DurableJob<string>[], left: () => Promise<number>): Promise<void> {
  const [screen, machine, pen] = jobs as readonly [DurableJob<string>, DurableJob<string>, DurableJob<string>]
  for (const job of jobs) await waits(job)
  console.log(`${(await page(address)).split('Approve').length - 1} purchases wait, ${await left()} cents are left`)

  await press(`${address}/purchases/${screen.id}/approve`)
  console.log(await screen.result())

  await press(`${address}/purchases/${machine.id}/decline`)
  await machine.result().catch((error: Error) => console.log(error.message))

  await pen.cancel('the shop has closed')
  console.log(`${pen.id} is ${(await pen.status()).state}`)
  console.log(`${(await page(address)).split('Approve').length - 1} wait, ${await left()} cents are left`)
}

/** Comes back when the job has given its place back and waits for an answer. */
async function waits(job: DurableJob<string>): Promise<void> {
  for await (const event of job.events()) if (event.type === 'released') return
}

async function page(address: string): Promise<string> {
  return (await fetch(address)).text()
}

async function press(address: string): Promise<void> {
  const { status } = await fetch(address, { method: 'POST', redirect: 'manual' })
  if (status !== 303) throw new Error(`${address} answered ${status}`)
}
