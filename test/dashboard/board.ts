import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { dashboard, type Dashboard, type DashboardOptions } from 'skein/dashboard'
import { connect, type DurableQueue, queueIn, work } from 'skein/queue'
import type { Store } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { add, fail, sum, tell, untilCancelled } from './tasks.ts'
import { checkAnswer } from './openapi.ts'

/** An answer of the API. */
export interface Answered {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** A dashboard with a queue on the same store. */
export interface Board {
  readonly board: Dashboard
  readonly queue: DurableQueue
  /** Asks the API; each answer is checked against the description. */
  ask(path: string, sent?: Readonly<Record<string, unknown>>): Promise<Answered>
  /** The same for what answers in lines. */
  askLines(path: string, sent: Readonly<Record<string, unknown>>): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/** A dashboard on a store, open to everybody unless the options say otherwise. */
export async function boardOn(
  t: TestContext,
  store: string | Store,
  options: Partial<DashboardOptions> = {},
): Promise<Board> {
  const queue = typeof store === 'string' ? await connect(store) : queueIn(store)
  const board = await dashboard({ store, authorize: () => true, ...options })
  t.after(async () => {
    await board.close()
    await queue.close()
    if (typeof store !== 'string') await store.close()
  })
  const base = options.base ?? ''
  const send = async (path: string, sent?: Readonly<Record<string, unknown>>): Promise<Response> => {
    const method = sent === undefined ? 'GET' : 'POST'
    const init =
      sent === undefined ? {} : { body: JSON.stringify(sent), headers: { 'content-type': 'application/json' } }
    const response = await board(new Request(`http://localhost${base}${path}`, { method, ...init }))
    await checkAnswer(method, new URL(`http://localhost${path}`).pathname, response.clone())
    return response
  }
  return {
    board,
    queue,
    ask: async (path, sent) => {
      const response = await send(path, sent)
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    askLines: async (path, sent) => {
      const response = await send(path, sent)
      assert.equal(response.status, 200)
      const lines = (await response.text()).trimEnd().split('\n')
      return lines.map(line => JSON.parse(line) as Record<string, unknown>)
    },
  }
}

/** A dashboard on a store in memory of its own. */
export function memoryBoard(t: TestContext, options: Partial<DashboardOptions> = {}): Promise<Board> {
  return boardOn(t, memoryStore(), options)
}

/** The URL of a new SQLite file. */
export async function freshFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-dashboard-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return `sqlite:${join(folder, 'jobs.db')}?durability=relaxed`
}

/** A worker that knows all tasks of these tests. */
export async function workerOn(t: TestContext, store: string): Promise<void> {
  const worker = await work({ store, tasks: [add, fail, sum, tell, untilCancelled], on: 'loop' })
  t.after(() => worker.close({ timeout: 0 }))
}

/** The ids of the jobs in an answer. */
export function idsOf({ body }: Answered): string[] {
  return (body['jobs'] as { readonly id: string }[]).map(({ id }) => id)
}
