import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'node:test'
import { call } from 'skein'
import { memoryBoard } from './board.ts'
import { openapi } from './openapi.ts'
import { add } from './tasks.ts'

const paths = Object.keys(openapi.paths)
const word = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom(
    'job-1',
    'default',
    '%',
    '%2',
    '%00',
    '..',
    '.',
    '%2e%2e',
    '*',
    '\u202e',
    '__proto__',
    'state:failed',
    '-',
    '"',
    'sent:>',
    '\ud800',
  ),
)
const part = word.map(text => {
  try {
    return encodeURIComponent(text)
  } catch {
    return text
  }
})
const path = fc
  .tuple(fc.constantFrom(...paths), part, part)
  .map(([pattern, one, other]) =>
    pattern.replace(/\{\w+\}/, one || 'x').replace(/\/[a-z]+$/, end => (other.length % 5 === 1 ? `/${other}` : end)),
  )
const query = fc.array(fc.tuple(fc.constantFrom('q', 'limit', 'cursor', 'token', 'x'), part), { maxLength: 3 })
const body = fc.oneof(
  fc.json(),
  fc.string(),
  fc
    .dictionary(fc.constantFrom('ids', 'search', 'reason', 'args', 'kwargs', 'queue', '__proto__'), fc.jsonValue())
    .map(each => JSON.stringify(each)),
)
const request = fc.record({
  path,
  query,
  method: fc.constantFrom('GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD'),
  type: fc.constantFrom('application/json', 'application/json; charset=utf-8', 'text/plain', ''),
  body,
})

describe('requests that make no sense', () => {
  test('are answered with a reason, and change nothing without a right', async t => {
    const { board, queue } = await memoryBoard(t, { may: ['pause'] })
    for (let at = 0; at < 5; at++) await queue.submit(call(add, at, 1).with({ id: `job-${at}` }))
    const before = JSON.stringify(await queue.jobs())
    await fc.assert(
      fc.asyncProperty(request, async ({ path: target, query: pairs, method, type, body: text }) => {
        const search = pairs.map(([name, value]) => `${name}=${value}`).join('&')
        const address = `http://localhost${target}?${search}`
        if (!URL.canParse(address)) return
        const isSafe = method === 'GET' || method === 'HEAD'
        const response = await board(
          new Request(address, { method, headers: { 'content-type': type }, ...(isSafe ? {} : { body: text }) }),
        )
        if (response.headers.get('content-type')?.startsWith('text/event-stream')) return response.body?.cancel()
        const said = await response.text()
        assert.ok(
          response.status < 500 || response.status === 501,
          `${method} ${address} ${text}: ${response.status} ${said}`,
        )
        if (response.status >= 400) {
          const { error } = JSON.parse(said) as { error: { code: string; message: string } }
          assert.ok(error.code.length > 0 && error.message.length > 10)
        }
      }),
      { numRuns: Number(process.env['SKEIN_RUNS'] ?? 2_000) },
    )
    assert.equal(JSON.stringify(await queue.jobs()), before)
  })
})
