import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dashboard, type DashboardActionRecord, type DashboardOptions } from 'skein/dashboard'
import { memoryStore } from 'skein/stores/memory'
import { boardOn, memoryBoard } from './board.ts'
import { add } from './tasks.ts'

const host = 'http://localhost'

/** The status with which a request is answered. */
async function statusOf(
  board: (request: Request) => Promise<Response>,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: object,
): Promise<number> {
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await board(
    new Request(path.startsWith('http') ? path : `${host}${path}`, { headers: { ...type, ...headers }, ...sent }),
  )
  await response.body?.cancel()
  return response.status
}

describe('who may see a dashboard', () => {
  test('is who brings the token: in the address once, then in a cookie, or as a bearer', async t => {
    const store = memoryStore()
    t.after(() => store.close())
    await using board = await dashboard({ store })
    const { token } = board
    assert.ok(token !== undefined && token.length >= 32)
    for (const path of ['/', '/api/overview', '/api/jobs', '/assets/page.js', '/api/openapi.json', '/nowhere'])
      assert.equal(await statusOf(board, path), 401, path)
    assert.equal(await statusOf(board, '/?token=wrong'), 401)
    assert.equal(await statusOf(board, '/api/overview', { authorization: `Bearer ${token}` }), 200)
    assert.equal(await statusOf(board, '/api/overview', { authorization: `Bearer ${token}x` }), 401)
    const welcome = await board(new Request(`${host}/?token=${token}`))
    assert.deepEqual([welcome.status, welcome.headers.get('location')], [303, './'])
    const [cookie = ''] = welcome.headers.getSetCookie()
    assert.match(cookie, /; HttpOnly; SameSite=Lax; Max-Age=\d+$/)
    const [pair = ''] = cookie.split(';')
    assert.equal(await statusOf(board, '/api/overview', { cookie: `other=1; ${pair}` }), 200)
    assert.equal(await statusOf(board, '/api/overview', { cookie: `${pair}x` }), 401)
  })

  test('is nobody by another name of this machine, unless it is told so', async t => {
    const store = memoryStore()
    t.after(() => store.close())
    const token = 'abcdefghijklmnop'
    const authorization = `Bearer ${token}`
    const seen = async (hosts: DashboardOptions['hosts'], name: string): Promise<number> => {
      await using board = await dashboard({ store, token, ...(hosts === undefined ? {} : { hosts }) })
      return statusOf(board, `http://${name}/api/overview`, { authorization })
    }
    for (const name of ['localhost', '127.0.0.1:80', '127.4.5.6', '[::1]:99', 'a.localhost'])
      assert.equal(await seen(undefined, name), 200, name)
    for (const name of ['evil.example', '127.0.0.1.evil.example', '10.0.0.1', 'localhost.evil.example'])
      assert.equal(await seen(undefined, name), 421, name)
    assert.equal(await seen(['queue.example'], 'queue.example:8443'), 200)
    assert.equal(await seen(['queue.example'], 'localhost'), 421)
    assert.equal(await seen('any', 'anything.example'), 200)
  })

  test('is decided by authorize, which may say what is allowed, or answer itself', async t => {
    const answers: Record<string, unknown> = {
      yes: true,
      no: false,
      some: { name: 'Ada', may: ['pause'] },
      login: new Response(null, { status: 302, headers: { location: '/login' } }),
      odd: undefined,
    }
    const records: DashboardActionRecord[] = []
    const { board, queue } = await memoryBoard(t, {
      authorize: async request => answers[request.headers.get('x-who') ?? ''] as boolean,
      onAction: record => records.push(record),
    })
    await queue.submit(add, 1, 2)
    const status = (who: string, path: string, body?: object): Promise<number> =>
      statusOf(board, path, { 'x-who': who }, body)
    assert.equal(board.token, undefined)
    assert.equal(await status('yes', '/api/overview'), 200)
    assert.equal(await status('no', '/api/overview'), 403)
    assert.equal(await status('login', '/'), 302)
    assert.equal(await status('odd', '/api/overview'), 400)
    assert.equal(await status('some', '/api/jobs/purge', { search: '' }), 403)
    assert.equal((await queue.jobs()).length, 1)
    assert.equal(await status('some', '/api/queues/default/pause', {}), 200)
    assert.deepEqual(
      records.map(({ time: _time, ...record }) => record),
      [{ action: 'pause', to: 'queue default, pause', visitor: 'Ada' }],
    )
  })

  test('an authorize that throws lets nobody in', async t => {
    const { board } = await memoryBoard(t, {
      authorize: () => {
        throw new Error('no database')
      },
    })
    const response = await board(new Request(`${host}/api/overview`))
    assert.equal(response.status, 500)
    assert.match(await response.text(), /no database/)
  })

  test('a record of an action that throws undoes nothing', async t => {
    const { ask } = await memoryBoard(t, {
      onAction: () => {
        throw new Error('disk full')
      },
    })
    assert.equal((await ask('/api/queues/q/pause', {})).status, 200)
  })
})

describe('what may be done', () => {
  test('is nothing where it is read-only, and what is allowed otherwise', async t => {
    const actions: readonly (readonly [string, Record<string, unknown>])[] = [
      ['/api/jobs/retry', { search: '' }],
      ['/api/jobs/cancel', { search: '' }],
      ['/api/jobs/purge', { search: '' }],
      ['/api/jobs/x/clone', {}],
      ['/api/queues/q/pause', {}],
      ['/api/queues/q/resume', {}],
      ['/api/schedules/x/run', {}],
      ['/api/schedules/x/pause', {}],
      ['/api/schedules/x/resume', {}],
    ]
    const readOnly = await memoryBoard(t, { readOnly: true })
    for (const [path, body] of actions) assert.equal((await readOnly.ask(path, body)).status, 403, path)
    assert.deepEqual((await readOnly.ask('/api/about')).body['may'], [])
    const some = await memoryBoard(t, { may: ['retry', 'pause'] })
    const allowed: string[] = []
    for (const [path, body] of actions) if ((await statusOf(some.board, path, {}, body)) !== 403) allowed.push(path)
    assert.deepEqual(allowed, [
      '/api/jobs/retry',
      '/api/queues/q/pause',
      '/api/queues/q/resume',
      '/api/schedules/x/pause',
      '/api/schedules/x/resume',
    ])
  })

  test('is never what the page of somebody else has a browser send', async t => {
    const { board, queue } = await memoryBoard(t)
    await queue.submit(add, 1, 2)
    const purge = (headers: Record<string, string>): Promise<number> =>
      statusOf(board, '/api/jobs/purge', headers, { search: '' })
    for (const site of ['cross-site', 'same-site', 'none', 'odd'])
      assert.equal(await purge({ 'sec-fetch-site': site }), 403, site)
    for (const origin of ['https://evil.example', 'null', 'http://localhost:81'])
      assert.equal(await purge({ origin }), 403, origin)
    assert.equal(await statusOf(board, '/api/jobs', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }), 403)
    assert.equal(
      await statusOf(board, '/api/jobs', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }),
      200,
    )
    // A form can send these types unasked.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])
      assert.equal(await purge({ 'content-type': type }), 415, type)
    assert.equal((await queue.jobs()).length, 1)
    assert.equal(await purge({ 'sec-fetch-site': 'same-origin', origin: host }), 200)
    assert.equal(await purge({ origin: host }), 200)
    assert.equal(await purge({}), 200)
    assert.equal((await queue.jobs()).length, 0)
  })
})

describe('an answer of a dashboard', () => {
  test('can be neither framed nor kept, and its page runs its own scripts alone', async t => {
    const { board } = await memoryBoard(t)
    for (const path of ['/', '/api/overview', '/nowhere', '/assets/page.js']) {
      const { headers, body } = await board(new Request(`${host}${path}`))
      await body?.cancel()
      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/)
      assert.match(policy, /frame-ancestors 'none'/)
      assert.doesNotMatch(policy, /unsafe|\*|http/)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('access-control-allow-origin'), null)
    }
    const { headers } = await board(new Request(`${host}/api/overview`))
    assert.equal(headers.get('cache-control'), 'no-store')
  })

  test('says so where there is nothing, and which methods there are', async t => {
    const { board } = await memoryBoard(t)
    const asked = async (path: string, method: string): Promise<[number, string | null]> => {
      const { status, headers } = await board(new Request(`${host}${path}`, { method }))
      return [status, headers.get('allow')]
    }
    assert.deepEqual(await asked('/nowhere', 'GET'), [404, null])
    assert.deepEqual(await asked('/api/jobs//graph', 'GET'), [404, null])
    assert.deepEqual(await asked('/api/jobs/%zz', 'GET'), [400, null])
    assert.deepEqual(await asked('/api/jobs', 'DELETE'), [405, 'GET'])
    assert.deepEqual(await asked('/api/jobs/x/clone', 'GET'), [405, 'POST'])
    assert.deepEqual(await asked('/api/about', 'HEAD'), [200, null])
  })

  test('is below the base path, and nowhere else', async t => {
    const { board } = await boardOn(t, memoryStore(), { base: '/admin/queue/' })
    const asked = async (path: string): Promise<[number, string | null]> => {
      const { status, headers, body } = await board(new Request(`${host}${path}`))
      await body?.cancel()
      return [status, headers.get('location')]
    }
    assert.deepEqual(await asked('/admin/queue/api/about'), [200, null])
    assert.deepEqual(await asked('/admin/queue'), [308, '/admin/queue/'])
    assert.deepEqual(await asked('/api/about'), [404, null])
    assert.deepEqual(await asked('/admin/queues/api/about'), [404, null])
  })

  test('is an error once the dashboard is closed', async t => {
    const { board } = await memoryBoard(t)
    await board.close()
    await board.close()
    assert.equal(await statusOf(board, '/api/about'), 503)
  })

  test('says which part of its work a store cannot do', async t => {
    const whole = memoryStore()
    const {
      registry: _registry,
      schedules: _schedules,
      ...bare
    } = {
      url: whole.url,
      broker: whole.broker,
      results: whole.results,
      registry: whole.registry,
      schedules: whole.schedules,
      close: () => whole.close(),
      [Symbol.asyncDispose]: () => whole.close(),
    }
    const { ask } = await boardOn(t, bare)
    assert.deepEqual((await ask('/api/about')).body['can'], [])
    for (const path of ['/api/overview', '/api/jobs', '/api/jobs/x', '/api/schedules', '/api/running']) {
      const { status, body } = await ask(path)
      assert.equal(status, 501, path)
      assert.equal((body['error'] as { code: string }).code, 'SKEIN_STORE_UNSUPPORTED')
    }
    assert.equal((await ask('/api/jobs/retry', { ids: ['x'] })).status, 501)
  })
})

describe('the options of a dashboard', () => {
  const wrong: readonly (readonly [string, object | undefined])[] = [
    ['none', undefined],
    ['no store', {}],
    ['a store that is none', { store: 5 }],
    ['an unknown one', { tokne: 'x' }],
    ['a base without a slash', { base: 'admin' }],
    ['a base with a query', { base: '/a?b' }],
    ['a short token', { token: 'abc' }],
    ['a token that no cookie can have', { token: 'abcdefghijklmnop; Path=/' }],
    ['a token that is none', { token: true }],
    ['hosts that are no list', { hosts: 'queue.example' }],
    ['an unknown action', { may: ['destroy'] }],
    ['hide that is no list', { hide: 'password' }],
    ['readOnly as a word', { readOnly: 'yes' }],
    ['authorize that is no function', { authorize: true }],
    ['redact that is no function', { redact: /x/ }],
    ['onAction that is no function', { onAction: {} }],
  ]
  for (const [what, options] of wrong) {
    test(`are refused: ${what}`, async () => {
      const store = memoryStore()
      const given = options === undefined || what.includes('store') ? options : { store, ...options }
      await assert.rejects(dashboard(given as DashboardOptions), { code: 'SKEIN_INVALID_ARGUMENT' })
      await store.close()
    })
  }
})
