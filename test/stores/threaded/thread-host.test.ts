import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type FromThread, type Request, wants } from '#skein/stores/threaded/messages.js'
import { type Backend, ThreadHost, type Work } from '#skein/stores/threaded/thread-host.js'
import { type Deferred, deferred } from '../../core/deferred.ts'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** A store that answers only when it is let to, as one behind a network does. */
class SlowBackend implements Backend<string> {
  readonly goes: string[][] = []
  answer: Deferred<void> = deferred()
  rested = 0
  heard = 0
  closed = false

  weightOf(asked: string): number {
    return asked === 'heavy' ? 4_000 : 1
  }
  open(): void {}
  async work(requests: readonly Request<string>[]): Promise<Work> {
    this.goes.push(requests.map(([, asked]) => asked))
    await this.answer.promise
    return {
      answers: requests.map(([number, asked]) => [number, `${asked}!`]),
      told: [['ended', 'a'], ['ended', 'a'], ['lost', 'b', 1], ['claimable']],
    }
  }
  rest(): void {
    this.rested++
  }
  listens(bits: number): void {
    this.heard = bits
  }
  endings(): [] {
    return []
  }
  close(): void {
    this.closed = true
  }
  failureOf(): { code: string; message: string } {
    return { code: 'SKEIN_STORE_UNAVAILABLE', message: '' }
  }
}

async function opened(): Promise<{ host: ThreadHost<string>; backend: SlowBackend; posted: FromThread[] }> {
  const posted: FromThread[] = []
  const backend = new SlowBackend()
  const host = new ThreadHost<string>(
    message => posted.push(message),
    0,
    () => {},
  )
  await host.open(backend)
  await turn()
  backend.answer.resolve()
  await turn()
  backend.goes.length = posted.length = 0
  backend.answer = deferred()
  return { host, backend, posted }
}

describe('the host of a store that answers later', () => {
  test('gathers what is asked meanwhile into the next go', async () => {
    const { host, backend, posted } = await opened()
    host.receive({ requests: [[1, 'a']] })
    host.receive({ requests: [[2, 'b']] })
    await turn()
    host.receive({ requests: [[3, 'c']] })
    host.receive({ requests: [[4, 'd']] })
    await turn()
    assert.deepEqual(backend.goes, [['a', 'b']])
    backend.answer.resolve()
    await turn()
    await turn()
    assert.deepEqual(backend.goes, [
      ['a', 'b'],
      ['c', 'd'],
    ])
    assert.deepEqual(
      posted.flatMap(({ answers = [] }) => answers),
      [
        [1, 'a!'],
        [2, 'b!'],
        [3, 'c!'],
        [4, 'd!'],
      ],
    )
  })

  test('leaves what would be too much for one go to the next', async () => {
    const { host, backend } = await opened()
    backend.answer.resolve()
    host.receive({
      requests: [
        [1, 'heavy'],
        [2, 'a'],
      ],
    })
    await turn()
    await turn()
    await turn()
    assert.deepEqual(backend.goes, [['heavy'], ['a']])
  })

  test('takes in however much comes with one message', async () => {
    const { host, backend, posted } = await opened()
    backend.answer.resolve()
    host.receive({ requests: Array.from({ length: 600_000 }, (_, n) => [n, 'a'] as const) })
    host.receive({ close: true })
    while (!backend.closed) await turn()
    assert.equal(backend.goes.length, 150)
    assert.equal(posted.flatMap(({ answers = [] }) => answers).length, 600_000)
  })

  test('tells what is listened to, each once, and what concerns claims in any case', async () => {
    const { host, backend, posted } = await opened()
    host.receive({ listen: wants.ended, requests: [[1, 'a']] })
    assert.equal(backend.heard, wants.ended)
    backend.answer.resolve()
    await turn()
    await turn()
    assert.deepEqual(
      posted.flatMap(({ told = [] }) => told),
      [
        ['ended', 'a'],
        ['lost', 'b', 1],
      ],
    )
  })

  test('answers what was asked before it closes', async () => {
    const { host, backend, posted } = await opened()
    host.receive({ requests: [[1, 'a']] })
    await turn()
    host.receive({ requests: [[2, 'b']] })
    host.receive({ close: true })
    await turn()
    assert.equal(backend.closed, false)
    backend.answer.resolve()
    for (let n = 0; n < 4; n++) await turn()
    assert.equal(backend.closed, true)
    assert.deepEqual(posted.at(-1), { closed: true })
    assert.equal(posted.flatMap(({ answers = [] }) => answers).length, 2)
  })
})
