import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { memoryBoard } from './board.ts'
import { add } from './tasks.ts'

/** The events of a stream, one after the other. */
async function* eventsOf(
  response: Response,
): AsyncGenerator<{ readonly event: string; readonly data: Record<string, unknown> }> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    const parts = `${rest}${decoder.decode(piece, { stream: true })}`.split('\n\n')
    rest = parts.pop() as string
    for (const part of parts) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? []
      if (event !== undefined) yield { event, data: JSON.parse(data as string) as Record<string, unknown> }
    }
  }
}

describe('the events of a dashboard', () => {
  test('tell the overview at once, and what changes', async t => {
    const { board, queue, ask } = await memoryBoard(t)
    const response = await board(new Request('http://localhost/api/events'))
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    const events = eventsOf(response)
    const first = (await events.next()).value
    assert.deepEqual([first?.event, first?.data['queues']], ['overview', []])
    await queue.submit(add, 1, 2)
    await ask('/api/queues/default/pause', {})
    for await (const { data } of events) {
      const [known] = data['queues'] as { paused: boolean; counts: { ready: number } }[]
      if (known?.paused && known.counts.ready === 1) break
    }
  })

  test('end when the dashboard is closed', async t => {
    const { board } = await memoryBoard(t)
    const response = await board(new Request('http://localhost/api/events'))
    const events = eventsOf(response)
    await events.next()
    await board.close()
    for await (const _event of events);
  })

  test('are refused where too many listen already', async t => {
    const { board } = await memoryBoard(t)
    const open = await Promise.all(Array.from({ length: 257 }, () => board(new Request('http://localhost/api/events'))))
    assert.deepEqual([open.filter(({ status }) => status === 200).length, open.at(-1)?.status], [256, 503])
    for (const { body } of open) await body?.cancel()
    const again = await board(new Request('http://localhost/api/events'))
    assert.equal(again.status, 200)
    await again.body?.cancel()
  })
})
