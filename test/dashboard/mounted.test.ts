import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { Hono } from 'hono'
import { nodeHandler } from 'skein/dashboard'
import { memoryStore } from 'skein/stores/memory'
import { boardOn, memoryBoard } from './board.ts'

/** The address of a server. */
async function listening(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const json = { 'content-type': 'application/json' }

describe('a dashboard in another server', () => {
  test('answers in node:http: its page, its API, actions and events', async t => {
    const { board, queue } = await memoryBoard(t)
    const address = await listening(t, nodeHandler(board))
    const page = await fetch(`${address}/`)
    assert.match(await page.text(), /<script type="module" src="assets\/page\.js">/)
    const script = await fetch(`${address}/assets/page.js`)
    assert.equal(script.headers.get('content-encoding'), 'gzip')
    assert.ok((await script.text()).length > 10_000)
    const tag = script.headers.get('etag') as string
    const same = await fetch(`${address}/assets/page.js`, { headers: { 'if-none-match': tag } })
    assert.equal(same.status, 304)
    const paused = await fetch(`${address}/api/queues/q/pause`, { method: 'POST', headers: json, body: '{}' })
    assert.deepEqual(await paused.json(), { queue: 'q', paused: true })
    assert.equal((await queue.storeStats()).queues[0]?.paused, true)
    const head = await fetch(`${address}/api/about`, { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    const events = await fetch(`${address}/api/events`)
    const reader = (events.body as ReadableStream<Uint8Array>).getReader()
    assert.match(new TextDecoder().decode((await reader.read()).value), /retry: 2000/)
    await reader.cancel()
    assert.equal((await fetch(`${address}/api/jobs/${'x'.repeat(5_000)}`)).status, 404)
  })

  test('sets its cookie there', async t => {
    const { board } = await boardOn(t, memoryStore(), { token: 'abcdefghijklmnopqrst' })
    const address = await listening(t, nodeHandler(board))
    const welcome = await fetch(`${address}/?token=abcdefghijklmnopqrst`, { redirect: 'manual' })
    assert.equal(welcome.status, 303)
    const cookie = welcome.headers.getSetCookie()[0]?.split(';')[0] as string
    assert.equal((await fetch(`${address}/api/about`, { headers: { cookie } })).status, 200)
    assert.equal((await fetch(`${address}/api/about`)).status, 401)
  })

  test('answers below a path of Hono, as it is', async t => {
    const { board } = await boardOn(t, memoryStore(), { base: '/admin/queue' })
    const app = new Hono()
    app.get('/', c => c.text('the shop'))
    app.all('/admin/queue', c => board(c.req.raw))
    app.all('/admin/queue/*', c => board(c.req.raw))
    assert.equal(await (await app.request('/')).text(), 'the shop')
    assert.match(await (await app.request('/admin/queue/')).text(), /<div id="page">/)
    assert.equal((await app.request('/admin/queue')).headers.get('location'), '/admin/queue/')
    assert.equal((await app.request('/admin/queue/api/overview')).status, 200)
    const paused = await app.request('/admin/queue/api/queues/q/pause', { method: 'POST', headers: json, body: '{}' })
    assert.equal(paused.status, 200)
  })

  test('answers where a framework has cut the path, or has read the body', async t => {
    const { board } = await boardOn(t, memoryStore(), { base: '/admin' })
    const handler = nodeHandler(board)
    // As Express does for what is mounted, after express.json().
    const address = await listening(t, (request, response) => {
      let text = ''
      request.on('data', (piece: Buffer) => (text += piece.toString()))
      request.on('end', () => {
        const given = text === '' ? {} : { body: JSON.parse(text) as unknown }
        const originalUrl = request.url
        request.url = request.url?.replace('/admin', '') ?? ''
        handler(Object.assign(request, { originalUrl, ...given }), response)
      })
    })
    assert.equal((await fetch(`${address}/admin/api/about`)).status, 200)
    const paused = await fetch(`${address}/admin/api/queues/q/pause`, { method: 'POST', headers: json, body: '{}' })
    assert.equal(paused.status, 200)
  })

  test('a handler that fails is an answer with a status, and a request that there cannot be, too', async t => {
    const failing = await listening(
      t,
      nodeHandler(() => Promise.reject(new Error('oops'))),
    )
    assert.equal((await fetch(failing)).status, 500)
    const broken = await listening(
      t,
      nodeHandler(() => new Response(new ReadableStream({ pull: controller => controller.error(new Error('oops')) }))),
    )
    await assert.rejects(fetch(broken).then(response => response.text()))
    const { board } = await memoryBoard(t)
    const address = await listening(t, (request, response) => {
      request.headers.host = 'not a host'
      nodeHandler(board)(request, response)
    })
    assert.equal((await fetch(address)).status, 400)
  })

  test('hears that a visitor has gone', async t => {
    let arrive: () => void = () => {}
    const arrived = new Promise<void>(resolve => (arrive = resolve))
    let hear: () => void = () => {}
    const heard = new Promise<void>(resolve => (hear = resolve))
    const address = await listening(
      t,
      nodeHandler(request => {
        request.signal.addEventListener('abort', () => hear())
        arrive()
        return new Promise<Response>(() => {})
      }),
    )
    const controller = new AbortController()
    const asked = fetch(address, { signal: controller.signal }).catch(() => 'gone')
    await arrived
    controller.abort()
    assert.equal(await asked, 'gone')
    await heard
  })
})
