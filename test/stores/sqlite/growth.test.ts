import assert from 'node:assert/strict'
import { describe } from 'node:test'
import Libsql from 'libsql'
import { type Call, call, settle, task } from 'skein'
import type { Work } from '#skein/call/run/entry.js'
import { outgoingGraph } from '#skein/queue/graph/outgoing-graph.js'
import { Leases } from '#skein/stores/sqlite/calls/leases.js'
import { perform } from '#skein/stores/sqlite/calls/operations.js'
import type { Asked, Purged } from '#skein/stores/sqlite/calls/requests.js'
import { packCalls } from '#skein/stores/sqlite/calls/sent-call.js'
import { Turn } from '#skein/stores/sqlite/calls/turn.js'
import { Database } from '#skein/stores/sqlite/file/database.js'
import { type Binding, driverOver } from '#skein/stores/sqlite/file/driver.js'
import { openDatabase } from '#skein/stores/sqlite/file/open-database.js'
import type { Claim, Settlement } from '#skein/stores/roles/broker.js'
import type { OutgoingCall } from '#skein/stores/roles/calls.js'
import type { EndedMember } from '#skein/stores/roles/counters.js'
import type { MovedCall, MovedMember } from '#skein/stores/roles/transfer.js'
import type { CallOutcome } from '#skein/stores/roles/results.js'
import { inFolder, keeperOf, request as asked } from './folder.ts'

const node = task(import.meta, (...args: unknown[]) => args, { name: 'node' })

const leaves = (count: number): Call<unknown>[] => Array.from({ length: count }, (_, n) => call(node, n))

/** The shapes of graphs, with so many calls or a few more. */
const shapes: Readonly<Record<string, (count: number) => Call<unknown>>> = {
  'side by side': count => call(node, leaves(count)),
  'in a row': count => {
    let last = call(node, 0)
    for (let n = 1; n < count; n++) last = call(node, last)
    return last
  },
  'in pairs': count => {
    let level = leaves(count / 2)
    while (level.length > 1) {
      const pairs = Array.from({ length: Math.ceil(level.length / 2) }, (_, n) => level.slice(n * 2, n * 2 + 2))
      level = pairs.map(([one, other]) => (other === undefined ? (one as Call<unknown>) : call(node, one, other)))
    }
    return level[0] as Call<unknown>
  },
  'of one and for one': count => {
    const one = call(node, 0)
    return call(
      node,
      Array.from({ length: count }, (_, n) => call(node, one, n)),
    )
  },
}

/** A store in this thread, of which each step of SQLite's machine is counted. */
class CountedStore {
  readonly #binding: Binding
  readonly #database: Database
  readonly #look: { all(): unknown }
  readonly #ask: <T>(...request: Asked) => T
  #tasks: readonly string[] = []

  private constructor(file: string) {
    this.#binding = new Libsql(file) as unknown as Binding
    const database = (this.#database = new Database(driverOver(this.#binding)))
    database.exec('PRAGMA synchronous = OFF')
    this.#look = this.#binding.prepare(
      `SELECT sum(nstep) AS steps, sum(run) AS runs FROM sqlite_stmt WHERE sql NOT LIKE '%sqlite_stmt%'`,
    )
    const keeper = keeperOf(database)
    const place = { leases: new Leases(), openings: new Map<string, number>(), announced: new Map() }
    this.#ask = <T>(...request: Asked): T => {
      database.exec('BEGIN')
      const turn = new Turn(keeper, Date.now(), 1)
      const answer = perform(turn, request, place) as T
      turn.finish()
      database.exec('COMMIT')
      for (const each of turn.afterwards) each()
      return answer
    }
  }

  static async open(file: string): Promise<CountedStore> {
    const { database } = await openDatabase(file, () => 1)
    database.close()
    return new CountedStore(file)
  }

  close(): void {
    this.#database.close()
  }

  ask<T>(...request: Asked): T {
    return this.#ask(...request)
  }

  /** The steps and the runs of statements so far. */
  get count(): Count {
    const [{ steps, runs }] = this.#look.all() as [{ steps: number; runs: number }]
    return { steps, runs }
  }

  send(graph: Call<unknown>): OutgoingCall {
    const root = outgoingGraph(graph as unknown as Work, 'run', 'q', () => undefined) as OutgoingCall
    this.#tasks = [...new Set([root, ...(root.inner ?? [])].map(each => each.task))]
    this.ask('send', packCalls([root]))
    return root
  }

  claim(limit: number): Claim[] {
    return this.ask('claim', { ...asked, tasks: this.#tasks, keep: true, limit, places: limit })
  }

  /** Runs what can be run, a hundred at once, so many at most. */
  run(most: number = Infinity): void {
    for (let left = most; left > 0;) {
      const claims = this.claim(Math.min(100, left))
      if (claims.length === 0) return
      left -= claims.length
      for (const { after } of claims) if (after !== undefined) this.membersOf(after)
      this.ask(
        'settle',
        claims.map(({ id, token }): Settlement => ({ id, token, kind: 'done', result: '1' })),
      )
    }
  }

  membersOf(counter: string): number {
    let count = 0
    for (let after = -1; ;) {
      const page = this.ask<EndedMember[]>('members', counter, after)
      count += page.length
      if (page.length < 1_000) return count
      after = (page.at(-1) as EndedMember).member
    }
  }
}

interface Count {
  readonly steps: number
  readonly runs: number
}

/** A part of the life of a graph. Whatever comes before it is not counted. */
interface Part {
  readonly before?: (store: CountedStore, root: OutgoingCall, count: number) => void
  readonly counted: (store: CountedStore, root: OutgoingCall, count: number) => void
}

const stateOf = (store: CountedStore, { id }: OutgoingCall): string => store.ask<CallOutcome>('outcome', id).state

const parts: Readonly<Record<string, Part>> = {
  'is run to its end': {
    counted: (store, root) => {
      store.run()
      assert.equal(stateOf(store, root), 'done')
    },
  },
  'is cancelled': {
    counted: (store, root) => {
      store.ask('cancel', [root.id], '"enough"')
      store.ask('sweep')
      assert.deepEqual(store.claim(1), [])
    },
  },
  'is run again after that': {
    before: (store, root) => store.ask('cancel', [root.id], '"enough"'),
    counted: (store, root) => {
      assert.deepEqual(store.ask('retry', [root.id]), ['ready'])
      store.run()
      assert.equal(stateOf(store, root), 'done')
    },
  },
  'fails in the middle, and goes on from there': {
    before: (store, _root, count) => store.run(count / 2),
    counted: (store, root) => {
      const [{ id, token }] = store.claim(1) as [Claim]
      store.ask('settle', [{ id, token, kind: 'failed', error: '{}' }])
      if (id !== root.id) assert.equal(stateOf(store, root), 'failed')
      assert.deepEqual(store.ask('retry', [id]), ['ready'])
      store.run()
      assert.equal(stateOf(store, root), 'done')
    },
  },
  'is purged while it waits': {
    counted: store => {
      for (let below: number | undefined; ;) {
        const { next } = store.ask<Purged>('purge', {}, 50, below)
        if (next === undefined) return
        below = next
      }
    },
  },
  'is forgotten': {
    before: store => store.run(),
    counted: store => void store.ask('purge', {}, 1_000, undefined),
  },
  'moves, half done, to another store': {
    before: (store, _root, count) => store.run(count / 2),
    counted: store => {
      for (let page: MovedCall[] = [], after = 0; ; after = (page.at(-1) as MovedCall).place) {
        page = store.ask('moved', after)
        if (page.length === 0) break
      }
      for (
        let page: MovedMember[] = [], [counter, member] = ['', -1];
        ;
        { counter, member } = page.at(-1) as MovedMember
      ) {
        page = store.ask('moved members', counter, member)
        if (page.length === 0) break
      }
    },
  },
}

async function countOf(file: string, graph: Call<unknown>, count: number, { before, counted }: Part): Promise<Count> {
  const store = await CountedStore.open(file)
  try {
    const root = store.send(graph)
    before?.(store, root, count)
    const begun = store.count
    counted(store, root, count)
    const { steps, runs } = store.count
    return { steps: steps - begun.steps, runs: runs - begun.runs }
  } finally {
    store.close()
  }
}

/** The counts with so many calls, with twice and with four times as many. */
async function countsOf(
  file: string,
  count: number,
  of: (file: string, count: number) => Promise<Count>,
): Promise<readonly [Count, Count, Count]> {
  return [await of(`${file}-1`, count), await of(`${file}-2`, count * 2), await of(`${file}-4`, count * 4)]
}

/** What twice as many more take is twice as much; were each looked at for each other, it would be three to four times that. */
function checkLinear([one, two, four]: readonly [Count, Count, Count]): void {
  for (const what of ['steps', 'runs'] as const) {
    const [first, then] = [two[what] - one[what], four[what] - two[what]]
    assert.ok(then < 2 * first * 1.25 + 100, `${what}: ${one[what]}, ${two[what]}, ${four[what]}`)
  }
}

describe('a graph in a file takes so many steps of SQLite for each call, however many there are, when', () => {
  for (const [shape, graphOf] of Object.entries(shapes)) {
    for (const [title, part] of Object.entries(parts)) {
      inFolder(`it stands ${shape} and ${title}`, async file => {
        checkLinear(await countsOf(file, 100, (path, count) => countOf(path, graphOf(count), count, part)))
      })
    }

    inFolder(`it stands ${shape} and is sent: a few statements for forty calls`, async file => {
      const counts = await countsOf(file, 100, async (path, count) => {
        const store = await CountedStore.open(path)
        try {
          store.send(graphOf(count))
          return store.count
        } finally {
          store.close()
        }
      })
      checkLinear(counts)
      assert.ok(counts[2].runs < 400 * 0.3, `${counts[2].runs} statements for 400 calls`)
    })
  }

  inFolder('its members end: a few statements for a hundred', async file => {
    const [, , { runs }] = await countsOf(file, 100, (path, count) =>
      countOf(path, call(node, leaves(count)), count, parts['is run to its end'] as Part),
    )
    assert.ok(runs < 400 * 0.5, `${runs} statements for 400 calls`)
  })

  inFolder('many need one that runs, and end one after the other', async file => {
    const counts = await countsOf(file, 100, (path, count) => {
      const one = call(node, 0)
      const users = Array.from({ length: count }, (_, n) => settle(call(node, one, call(node, n))))
      return countOf(path, call(node, users), count, {
        before: store => assert.equal(store.claim(1)[0]?.attempt, 1),
        counted: store => {
          for (let claims = store.claim(50); claims.length > 0; claims = store.claim(50)) {
            for (const { id, token } of claims) store.ask('settle', [{ id, token, kind: 'failed', error: '{}' }])
          }
        },
      })
    })
    checkLinear(counts)
  })
})
