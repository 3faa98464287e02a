import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { call, task } from 'skein'
import { connect } from 'skein/queue'
import { skein, start, workplace } from './skein.ts'

const add = task(import.meta, (a: number, b: number) => a + b, { name: 'board.add' })

/** A store with a job, and a folder to run the command in. */
async function place(t: TestContext) {
  const folder = workplace(t)
  const store = `sqlite:${join(folder, 'jobs.db')}`
  const queue = await connect(store)
  t.after(() => queue.close())
  await queue.submit(call(add, 1, 2).with({ id: 'first' }))
  return { folder, store, queue }
}

describe('skein dashboard', () => {
  test('serves the store at the address that it prints, tells each action, and ends with Ctrl-C', async t => {
    const { folder, store, queue } = await place(t)
    const running = start(folder, ['dashboard', '--store', store, '--port', '0', '--json'])
    await running.printed('"url"')
    const { stdout } = await startedAt(running)
    const url = new URL((JSON.parse(stdout) as { url: string }).url)
    assert.equal(url.hostname, '127.0.0.1')
    const token = url.searchParams.get('token') as string
    assert.ok(token.length >= 32)
    assert.equal((await fetch(new URL('/api/jobs', url))).status, 401)
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(new URL('/api/jobs', url), { headers })
    assert.equal(((await answer.json()) as { jobs: { id: string }[] }).jobs[0]?.id, 'first')
    const cancelled = await fetch(new URL('/api/jobs/cancel', url), {
      method: 'POST',
      headers,
      body: '{"ids":["first"]}',
    })
    await cancelled.text()
    assert.equal((await (await queue.job('first'))?.status())?.state, 'cancelled')
    await running.printed('1 cancelled')
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^\d{4}-\d\d-\d\dT\S+ {2}cancel {2}jobs {2}first {2}1 cancelled$/m)
  })

  test('takes its token from the environment, and allows nothing where it is read-only', async t => {
    const { folder, store } = await place(t)
    const env = { SKEIN_STORE: store, SKEIN_DASHBOARD_TOKEN: 'abcdefghijklmnopqrstuvwx' }
    const running = start(folder, ['dashboard', '--port', '0', '--read-only', '--base', '/queue'], { env })
    await running.printed('Ctrl-C ends the dashboard')
    const { stdout } = await startedAt(running)
    assert.match(stdout, /^http:\/\/127\.0\.0\.1:\d+\/queue\/\?token=abcdefghijklmnopqrstuvwx$/m)
    const url = new URL(stdout.trim())
    const headers = { authorization: `Bearer ${env.SKEIN_DASHBOARD_TOKEN}`, 'content-type': 'application/json' }
    const refused = await fetch(new URL('/queue/api/jobs/purge', url), {
      method: 'POST',
      headers,
      body: '{"search":""}',
    })
    assert.equal(refused.status, 403)
    running.child.kill('SIGTERM')
    assert.equal((await running.ended).code, 0)
  })

  test('says what is wrong with its options, with a store that is missing, and where its port is taken', async t => {
    const { folder, store } = await place(t)
    const wrong: readonly (readonly [string[], RegExp])[] = [
      [['dashboard', '--store', store, '--port', '70000'], /--port must be at most 65535/],
      [['dashboard', '--store', store, '--port', 'x'], /--port must be a whole number/],
      [['dashboard', '--store', store, '--base', 'queue'], /base must be a path/],
      [['dashboard', '--store', store, 'now'], /takes options alone/],
      [['dashboard', '--store', 'sqlite:nowhere.db'], /There is no file/],
      [['dashboard'], /Say which store/],
    ]
    for (const [args, message] of wrong) {
      const { code, stderr } = await skein(folder, args)
      assert.equal(code, 2, args.join(' '))
      assert.match(stderr, message)
    }
    const short = await skein(folder, ['dashboard', '--store', store], { env: { SKEIN_DASHBOARD_TOKEN: 'short' } })
    assert.equal(short.code, 2)
    assert.doesNotMatch(short.stderr, /short/)
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const taken = await skein(folder, ['dashboard', '--store', store, '--port', String(port)])
    assert.equal(taken.code, 3)
    assert.match(taken.stderr, /Port \d+ of 127\.0\.0\.1 is taken/)
  })
})

/** What a running command has printed so far: all of its first line. */
async function startedAt(running: ReturnType<typeof start>): Promise<{ readonly stdout: string }> {
  await running.printed('\n')
  return { stdout: running.stdoutSoFar() }
}
