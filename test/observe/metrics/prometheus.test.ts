import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { call, loop, task } from 'skein'
import { metrics, type Metrics } from 'skein/observe'
import { connect, work } from 'skein/queue'
import { threads } from 'skein/threads'
import { notTested, prometheusProgram } from '../../support/services.ts'
import { fakePlace } from '../fake-place.ts'
import { double, fail } from '../tasks.ts'
import { readPage } from './read-page.ts'

const hostile = task(import.meta, () => 1, { name: 'a"} 1\\ <b>\u001b[31m' })

/** What `promtool check metrics` says of a page: nothing where it is right. */
async function check(page: string): Promise<string> {
  const child = execFile('promtool', ['check', 'metrics'])
  child.stdin?.end(page)
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: string) => said.push(text))
  const [code] = (await once(child, 'close')) as [number]
  return code === 0 ? said.join('') : `exit code ${code}: ${said.join('')}`
}

/** Work of every kind, some of which fails, with a page about it. */
async function withWork(use: (page: Metrics) => Promise<void>): Promise<void> {
  await using pool = threads({ workers: 1 })
  await using place = loop({ concurrency: 2 })
  await using queue = await connect('memory:prometheus')
  await using worker = await work({ store: 'memory:prometheus', tasks: [double, fail], on: 'loop' })
  using page = metrics([pool, place, queue, worker], { labels: { service: 'shop' } })
  const hostileEvents = fakePlace({ name: 'evil"\n}' })
  page.add(hostileEvents)
  hostileEvents.tell({ type: 'submitted', task: '\ud800"}\n\r\u2028', queue: '\\' })
  hostileEvents.tell({ type: 'started', task: '\ud800"}\n\r\u2028', queued: 0, started: 1e300 })
  await pool.map(double, [1, 2, 3]).toArray()
  await place.run(hostile)
  await place.run(fail).catch(() => {})
  await queue.run(double, 1)
  await queue.run(call(fail).with({ retries: { times: 1, backoff: 1 } })).catch(() => {})
  await use(page)
}

describe('Prometheus', () => {
  test('finds no fault in the page', { timeout: 120_000 }, async t => {
    const { missing } = await prometheusProgram()
    if (missing !== undefined) return notTested(t, missing)
    await withWork(async page => {
      const text = await page.text()
      assert.ok(readPage(text).size > 100)
      assert.equal(await check(text), '')
      // It does find faults.
      assert.match(await check(text.replace('_total', '_count_of')), /./)
    })
  })

  test('scrapes it, and answers questions about it', { timeout: 120_000 }, async t => {
    const { missing, program } = (await prometheusProgram()) as { missing?: string; program: string }
    if (missing !== undefined) return notTested(t, missing)
    const folder = await mkdtemp(join(tmpdir(), 'skein-prometheus-'))
    await withWork(async page => {
      const server = createServer((_request, response) => {
        void page.text().then(text => response.writeHead(200, { 'content-type': 'text/plain' }).end(text))
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const config = `scrape_configs: [{ job_name: skein, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]`
      await writeFile(join(folder, 'prometheus.yml'), config)
      const options = [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        '--web.listen-address=127.0.0.1:0',
      ]
      const prometheus = spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe'] })
      try {
        const address = await addressOf(prometheus.stderr)
        // Its second request comes after it has taken the page of the first.
        for (let requests = 0; requests < 2; requests++) await once(server, 'request')
        const ask = async (query: string): Promise<string | undefined> => {
          const response = await fetch(`${address}/api/v1/query?query=${encodeURIComponent(query)}`)
          const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } }
          return data.result[0]?.value[1]
        }
        assert.equal(await ask('up{job="skein"}'), '1')
        assert.equal(await ask('skein_calls_total{place="threads",service="shop",outcome="done"}'), '3')
        assert.equal(await ask('skein_call_retries_total{place="worker",task="tasks.fail"}'), '1')
        assert.equal(await ask('skein_store_up'), '1')
        assert.ok(Number(await ask('histogram_quantile(0.9, skein_call_run_seconds_bucket{place="threads"})')) > 0)
        assert.equal(await ask(String.raw`count(skein_calls_total{task=~".*a\"} 1.*<b>.*x1b.*", outcome="done"})`), '1')
      } finally {
        prometheus.kill('SIGKILL')
        await once(prometheus, 'close')
        server.closeAllConnections()
        server.close()
      }
    })
    await rm(folder, { recursive: true })
  })
})

/** The address at which it listens, as it says itself. */
async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  const said: string[] = []
  const lines = createInterface({ input: output })
  for await (const line of lines) {
    said.push(line)
    const [, address] = /msg="?Listening on"? address=(127\.0\.0\.1:\d+)/.exec(line) ?? []
    if (address !== undefined) {
      output.resume()
      return `http://${address}`
    }
  }
  throw new Error(`Prometheus does not say where it listens:\n${said.join('\n')}`)
}
