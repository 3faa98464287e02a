import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { CallOutcome, Report, Settlement, StoredState } from 'skein/stores'
import { sqliteStore } from 'skein/stores/sqlite'
import type { SqliteStore } from '#skein/stores/sqlite/sqlite-store.js'
import { openDriver } from '#skein/stores/sqlite/file/driver.js'
import { call, inFolder, request } from './folder.ts'
import { claimNow } from '../../support/claim-now.ts'

const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `call-${n}`)

describe('a SQLite store that writes many calls in one statement', () => {
  inFolder(
    'keeps each of a lot once, with its own line, priority and message, and says which it had before',
    async file => {
      const store = await sqliteStore(`sqlite:${file}`)
      const ids = names(300)
      await store.broker.send([call('call-7'), call('call-250')])
      const sent = await store.broker.send(
        ids.map((id, n) =>
          call(id, { queue: `q${n % 3}`, task: `t${n % 2}`, priority: n % 10, body: `[[${n}],{},{}]` }),
        ),
      )
      assert.deepEqual(
        sent.filter(each => each.outcome !== 'accepted').map(each => [each.outcome, 'id' in each && each.id]),
        [
          ['joined', 'call-7'],
          ['joined', 'call-250'],
        ],
      )
      const kept = await store.inspector.list({ limit: 1_000 })
      assert.equal(kept.length, 300)
      for (const { id, queue, task, priority, body } of kept) {
        const n = Number(id.slice('call-'.length))
        if (n === 7 || n === 250) continue
        assert.deepEqual([queue, task, priority, body], [`q${n % 3}`, `t${n % 2}`, n % 10, `[[${n}],{},{}]`])
      }
      await store.close()
    },
  )

  inFolder(
    'writes each result to its own call, and answers lost for the one whose claim was taken away',
    async file => {
      const store = await sqliteStore(`sqlite:${file}`)
      await store.broker.send(names(100).map(id => call(id)))
      const claims = await claimNow(store, request)
      assert.equal(claims.length, 100)
      const other = await openDriver(file)
      other.exec(`UPDATE skein_call SET token = token + 1 WHERE id = 'call-41'`)
      const settlements = claims.map(({ id, token }): Settlement => ({
        id,
        token,
        kind: 'done',
        result: JSON.stringify(`of ${id}`),
      }))
      const outcomes = await store.broker.settle([...settlements, settlements[3] as Settlement])
      assert.deepEqual(
        outcomes.map((outcome, n) => (outcome === 'ok' ? '' : `${n} ${String(outcome)}`)).filter(text => text !== ''),
        // The last one says the same a second time.
        ['41 lost', '100 lost'],
      )
      for (const job of await store.inspector.list({ limit: 1_000 })) {
        if (job.id === 'call-41') assert.equal(job.state, 'running')
        else assert.deepEqual([job.state, job.result], ['done', JSON.stringify(`of ${job.id}`)])
      }
      const [counted, held] = other.prepare('SELECT ended_count, ended_bytes FROM skein_meta').get() as [number, number]
      const [bytes] = other.prepare('SELECT sum(bytes) FROM skein_call WHERE ended IS NOT NULL').get() as [number]
      assert.deepEqual([counted, held], [99, bytes])
      other.close()
      await store.close()
    },
  )

  inFolder(
    'writes each step to its own call, answers lost for the claim that was taken away, and goes on after a count that was damaged',
    async file => {
      const store = await sqliteStore(`sqlite:${file}`)
      await store.broker.send(names(60).map(id => call(id)))
      const claims = await claimNow(store, request)
      const other = await openDriver(file)
      const steps = (name: string): Report[] =>
        claims.map(({ id, token }) => ({ id, token, kind: 'step', name, value: JSON.stringify(`${name} of ${id}`) }))
      const odd = `it's "two"\u0001\u00e9`
      assert.deepEqual(new Set(await store.results.report(steps('one'))), new Set(['ok']))
      other.exec(`UPDATE skein_call SET token = token + 1 WHERE id = 'call-41'`)
      other.exec(`UPDATE skein_call SET reports = 0 WHERE id = 'call-7'`)
      other.exec(`UPDATE skein_call SET reports = 'x' WHERE id = 'call-8'`)
      const outcomes = await store.results.report([...steps(odd), ...steps('three').slice(0, 5)])
      assert.deepEqual(
        outcomes.map((outcome, n) => (outcome === 'ok' ? '' : `${n} ${String(outcome)}`)).filter(text => text !== ''),
        ['41 lost'],
      )
      for (const [n, { id }] of claims.entries()) {
        const expected = ['one', ...(n === 41 ? [] : [odd]), ...(n < 5 ? ['three'] : [])]
        assert.deepEqual(
          (await store.results.reports(id, 0)).map(({ sequence, kind, value }) => [sequence, kind, JSON.parse(value)]),
          expected.map((name, at) => [at + 1, 'step', { name, value: `${name} of ${id}` }]),
        )
      }
      const sums = other.prepare(
        `SELECT count(*) FROM skein_call c WHERE steps = (SELECT count(*) FROM skein_report r WHERE r.call = c.call)
           AND reports = steps AND bytes - length(body) - length(headers) >= (SELECT sum(length(value)) FROM skein_report r WHERE r.call = c.call)`,
      )
      assert.deepEqual(sums.get(), [60])
      other.close()
      await store.close()
    },
  )

  inFolder('forgets the oldest of what has ended with all that belongs to it, and counts what is left', async file => {
    const store = await sqliteStore(`sqlite:${file}`, { retention: { done: { count: 10 } } })
    const long = JSON.stringify('x'.repeat(10_000))
    await store.broker.send(names(60).map((id, n) => call(id, n % 2 ? { body: `[[${long}],{},{}]` } : {})))
    const claims = await claimNow(store, request)
    await store.results.report(claims.map(({ id, token }) => ({ id, token, kind: 'progress', value: '1' })))
    await store.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: 'null' })))
    // What has just ended is kept for a minute, however much it is.
    const other = await openDriver(file)
    other.exec('UPDATE skein_call SET ended_at = ended_at - 61000')
    await (store as SqliteStore).sweep()
    assert.deepEqual(
      (await store.inspector.list({ limit: 1_000 })).map(job => job.id),
      names(60).slice(50).reverse(),
    )
    const left = (table: string): unknown => other.prepare(`SELECT count(*) FROM ${table}`).get()?.[0]
    assert.deepEqual([left('skein_call'), left('skein_message'), left('skein_report')], [10, 5, 10])
    const [counted, held] = other.prepare('SELECT ended_count, ended_bytes FROM skein_meta').get() as [number, number]
    const [bytes] = other.prepare('SELECT sum(bytes) FROM skein_call').get() as [number]
    assert.deepEqual([counted, held], [10, bytes])
    other.close()
    await store.close()
  })

  inFolder('purges lot by lot, however far apart they lie, and leaves what was sent meanwhile', async file => {
    const before = await sqliteStore(`sqlite:${file}`)
    const ids = names(2_400)
    const long = JSON.stringify('x'.repeat(5_000))
    await before.broker.send(
      ids.map((id, n) =>
        call(id, { queue: n % 2 ? 'p' : 'q', ...(n % 100 === 1 ? { body: `[[${long}],{},{}]` } : {}) }),
      ),
    )
    await before.close()
    const other = await openDriver(file)
    const [middle] = other.prepare(`SELECT call FROM skein_call WHERE id = 'call-1100'`).get() as [number]
    other.exec(`
      UPDATE skein_call SET call = -call - 350000 WHERE call > ${middle};
      UPDATE skein_call SET call = -call WHERE call < 0;
      UPDATE skein_message SET call = -call - 350000 WHERE call > ${middle};
      UPDATE skein_message SET call = -call WHERE call < 0;
      UPDATE skein_meta SET sequence = sequence + 400000;`)
    const store = await sqliteStore(`sqlite:${file}`)
    const purged = store.inspector.purge({ queue: 'p' })
    await store.broker.send([call('late', { queue: 'p' })])
    assert.equal(await purged, 1_200)
    const kept = await store.inspector.list({ limit: 3_000 })
    assert.deepEqual(kept.map(({ id }) => id).reverse(), [...ids.filter((_, n) => n % 2 === 0), 'late'])
    const left = (table: string): unknown => other.prepare(`SELECT count(*) FROM ${table}`).get()?.[0]
    assert.deepEqual([left('skein_call'), left('skein_message'), left('skein_gone')], [1_201, 0, 1_200])
    assert.equal(await store.results.outcome('call-1').then(({ state }) => state), 'gone')
    other.close()
    await store.close()
  })

  inFolder(
    'lists the few that run or are dead among many that wait, whatever the state of a damaged one says',
    async file => {
      const store = await sqliteStore(`sqlite:${file}`)
      await store.broker.send(names(300).map(id => call(id)))
      await claimNow(store, { ...request, limit: 3 })
      const other = await openDriver(file)
      const odd = ["'x'", '99', '4.5', '5.5', '6.5', '7', '5', '6']
      for (const [n, state] of odd.entries())
        other.exec(`UPDATE skein_call SET state = ${state} WHERE id = 'call-${n + 10}'`)
      other.close()
      const listed = async (...states: StoredState[]): Promise<string[]> =>
        (await store.inspector.list({ states, limit: 1_000 })).map(({ id }) => id)
      const running = names(3).reverse()
      const dead = names(16).slice(10).reverse()
      assert.deepEqual(await listed('running'), running)
      assert.deepEqual(await listed('dead'), dead)
      assert.deepEqual(await listed('running', 'dead'), [...dead, ...running])
      assert.deepEqual(await listed('dead', 'failed'), ['call-16', ...dead])
      assert.deepEqual(
        (await store.inspector.list({ states: ['dead', 'running'], queue: 'q', limit: 7 })).map(({ id }) => id),
        [...dead, 'call-2'],
      )
      await store.close()
    },
  )

  inFolder('tells how a call has ended along with the news that it has', async file => {
    const [waiting, working] = [await sqliteStore(`sqlite:${file}`), await sqliteStore(`sqlite:${file}`)]
    const told = new Promise<CallOutcome | undefined>(resolve => waiting.results.watch('a', { ended: resolve }))
    await waiting.broker.send([call('a')])
    const [claim] = await claimNow(working, request)
    assert.ok(claim)
    await working.broker.settle([{ id: 'a', token: claim.token, kind: 'done', result: '1' }])
    const { state, result } = (await told) ?? {}
    assert.deepEqual([state, result], ['done', '1'])
    await waiting.close()
    await working.close()
  })
})
