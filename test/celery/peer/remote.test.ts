import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type QueueWorker, work } from 'skein/queue'
import type { ReceivedEvent } from '#skein/celery/remote/events.js'
import { celeryOf, celeryVersions, notTested } from '../../support/services.ts'
import { type Fleet, missingFor, startFleet } from './fleet.ts'
import { tasks } from './tasks.ts'

// oxlint-disable-next-line no-explicit-any
type Loose = any

const name = 'ts@host'

for (const version of celeryVersions) {
  const missing = await missingFor(celeryOf(version))
  describe(`Celery ${version} and a worker of skein:`, () => {
    let fleet: Fleet
    let worker: QueueWorker

    const start = (): Promise<QueueWorker> =>
      work({ store: fleet.url, tasks, on: 'loop', concurrency: 2, queues: ['ts'], celery: { name } })
    before(async () => {
      if (missing !== undefined) return
      fleet = await startFleet(celeryOf(version))
      worker = await start()
    })
    after(async () => {
      await worker?.close({ timeout: 0 })
      await fleet?.stop()
    })

    const group = (number: number, words: string, body: () => Promise<void>): void => {
      test(`group ${number}: ${words}`, t => (missing === undefined ? body() : notTested(t, missing)))
    }
    /** What a worker answers to those who look into it. */
    const inspect = async (method: string, ...ids: string[]): Promise<Loose> => {
      const asked = `app.control.inspect(["${name}"], timeout=20).${method}(${ids.map(id => `"${id}"`).join(', ')})`
      return ((await fleet.python(asked)) as Loose)[name]
    }
    /** What it answers to a command. */
    const control = async (method: string, given: object = {}): Promise<string> => {
      const text = JSON.stringify(JSON.stringify(given))
      const asked = `app.control.broadcast("${method}", arguments=json.loads(${text}), destination=["${name}"], reply=True, timeout=20)`
      const [answer] = (await fleet.python(asked)) as [Loose]
      return JSON.stringify(answer[name])
    }
    /** The answer to a command that a client gives. */
    const asked = async (command: string): Promise<Loose> => {
      const [answer] = (await fleet.python(
        `app.control.${command.replace(/\)$/, `, destination=["${name}"], reply=True, timeout=20)`)}`,
      )) as [Loose]
      return answer[name]
    }
    const running = async (id: string): Promise<void> => {
      await fleet.until(async () => (await inspect('active')).some((each: Loose) => each.id === id))
    }

    group(11, 'celery status and inspect ping', async () => {
      const { text, code } = await fleet.celery('status', '-t', '20', '-d', name)
      assert.equal(code, 0, text)
      assert.match(text, /ts@host: OK/)
      assert.match(text, /1 node online/)
      const { text: pong } = await fleet.celery('inspect', '--json', '-t', '20', '-d', name, 'ping')
      assert.match(pong, /\{"ts@host": \{"ok": "pong"\}\}/)
    })

    group(11, 'inspect stats, registered, active_queues, conf, report, clock, revoked and scheduled', async () => {
      const { text } = await fleet.celery('inspect', '--json', '-t', '20', '-d', name, 'stats')
      const stats = (JSON.parse(text.slice(text.indexOf('{'))) as Loose)[name]
      assert.deepEqual(
        [stats.pid, stats.broker.transport, stats.broker.port, stats.pool['max-concurrency']],
        [process.pid, 'redis', fleet.port, 2],
      )
      assert.deepEqual(await inspect('registered'), worker.tasks.toSorted())
      const [queue] = await inspect('active_queues')
      assert.deepEqual([queue.name, queue.routing_key, queue.exchange.type], ['ts', 'ts', 'direct'])
      assert.equal((await inspect('conf')).broker_url, fleet.url)
      assert.match((await inspect('report')).ok, /software -> skein:/)
      assert.ok((await inspect('clock')).clock > 0)
      assert.deepEqual(await inspect('scheduled'), [])
      assert.deepEqual(await inspect('revoked'), [])
      assert.match(JSON.stringify(await inspect('memsample')), /MB/)
    })

    group(11, 'inspect active, reserved and query_task, and revoke with and without terminate', async () => {
      const ids = (await fleet.python('[ts("wait").delay().id for _ in range(2)]')) as string[]
      for (const id of ids) await running(id)
      const active = await inspect('active')
      assert.deepEqual(
        active.map((each: Loose) => [each.name, each.worker_pid]),
        [
          ['ts.wait', process.pid],
          ['ts.wait', process.pid],
        ],
      )
      assert.deepEqual(await inspect('reserved'), [])
      assert.equal((await inspect('query_task', ids[0]!))[ids[0]!][0], 'active')
      assert.match((await asked(`revoke("${ids[0]}")`)).ok, /flagged as revoked/)
      assert.equal((await inspect('active')).length, 2)
      assert.deepEqual(await inspect('revoked'), [ids[0]])
      assert.equal((await asked(`revoke("${ids[0]}", terminate=True)`)).ok, `terminate: ${ids[0]}`)
      assert.equal((await asked(`terminate("${ids[1]}")`)).ok, `terminate: ${ids[1]}`)
      for (const id of ids) {
        const [error] = (await fleet.python(`get(AsyncResult("${id}"))`)) as [string]
        assert.equal(error, 'celery.exceptions.TaskRevokedError')
        assert.equal(await fleet.python(`AsyncResult("${id}").state`), 'REVOKED')
      }
      assert.equal((await asked('revoke("nobody", terminate=True)')).ok, 'terminate: tasks unknown')
    })

    group(11, 'a call that is revoked before it comes does not run, by its id or by its stamps', async () => {
      await asked('revoke("later")')
      assert.deepEqual(
        ((await fleet.python('get(ts("add", 1, 1).apply_async(task_id="later"))')) as Loose)[0],
        'celery.exceptions.TaskRevokedError',
      )
      assert.match((await asked('revoke_by_stamped_headers({"monitor": ["m-1"]})')).ok, /flagged as revoked/)
      const stampedCall = '(lambda s: get(stamped(s, monitor="m-1").apply_async()))(ts("add", 1, 1))'
      assert.deepEqual(((await fleet.python(stampedCall)) as Loose)[0], 'celery.exceptions.TaskRevokedError')
      assert.equal(await fleet.python('get(ts("add", 1, 1).apply_async())'), 2)
    })

    group(11, 'control time_limit, add_consumer and cancel_consumer', async () => {
      assert.match(
        await control('time_limit', { task_name: 'ts.wait', soft: 0.2, hard: 0.4 }),
        /time limits set successfully/,
      )
      const [error] = (await fleet.python('get(ts("wait").delay())')) as [string]
      assert.equal(error, 'billiard.exceptions.TimeLimitExceeded')
      assert.match(await control('time_limit', { task_name: 'nobody', soft: 1 }), /unknown task/)
      assert.match(await control('add_consumer', { queue: 'another' }), /add consumer another/)
      assert.equal(await fleet.python('get(ts("add", 1, 2).set(queue="another").delay())'), 3)
      assert.deepEqual(
        (await inspect('active_queues')).map((each: Loose) => each.name),
        ['ts', 'another'],
      )
      assert.match(await control('cancel_consumer', { queue: 'another' }), /no longer consuming from another/)
      assert.deepEqual(
        (await inspect('active_queues')).map((each: Loose) => each.name),
        ['ts'],
      )
      assert.equal(await fleet.python('get(ts("add", 1, 2).delay())'), 3)
    })

    group(11, 'what does not apply is answered with an error', async () => {
      const wrong = {
        pool_grow: { n: 1 },
        pool_shrink: { n: 1 },
        autoscale: { max: 3, min: 1 },
        rate_limit: { task_name: 'ts.add', rate_limit: '10/m' },
        pool_restart: {},
        revoke: { task_id: 1 },
        add_consumer: {},
      }
      for (const [method, given] of Object.entries(wrong)) {
        assert.match(await control(method, given), /^\{"error":".+"\}$/, method)
      }
      assert.equal(await control('no_such'), `{"error":"KeyError('no_such')"}`)
    })

    group(12, 'events of a worker and its jobs, once they are asked for', async () => {
      const seen: ReceivedEvent[] = []
      void fleet.event(event => {
        if (event.hostname === name) seen.push(event)
        return false
      })
      assert.equal(await fleet.python('get(ts("add", 1, 1).delay())'), 2)
      assert.deepEqual(seen, [])
      const { text } = await fleet.celery('control', '-t', '20', '-d', name, 'enable_events')
      assert.match(text, /task events enabled/)
      assert.match(await control('enable_events'), /already enabled/)
      const beat = fleet.event(({ type, hostname }) => type === 'worker-heartbeat' && hostname === name)
      await control('heartbeat')
      const { fields } = await beat
      assert.deepEqual([fields['sw_ident'], fields['active']], ['skein', 0])
      const failed = fleet.event(({ type }) => type === 'task-failed')
      const succeeded = fleet.event(({ type }) => type === 'task-succeeded')
      await fleet.python('get(ts("add", 2, 3).delay())')
      await fleet.python('get(ts("fail").delay())')
      const result = await succeeded
      assert.deepEqual([result.fields['result'], typeof result.fields['runtime']], ['5', 'number'])
      const error = await failed
      assert.match(String(error.fields['exception']), /^NonRetryableError\('bad'\)/)
      const kinds = seen.filter(({ id }) => id === result.id).map(({ type }) => type)
      assert.deepEqual(kinds, ['task-received', 'task-started', 'task-succeeded'])
      const clocks = seen.map(({ clock }) => clock as number)
      assert.deepEqual(
        clocks,
        clocks.toSorted((a, b) => a - b),
      )
      assert.match(await control('disable_events'), /task events disabled/)
    })

    group(12, 'celery events --dump shows them', async () => {
      const dump = fleet.dump('events', '--dump')
      await control('enable_events')
      // What is told before it listens it does not hear.
      await fleet.until(async () => {
        await fleet.python('get(ts("add", 2, 3).delay())')
        return ['task received', 'task started', 'task succeeded', name].every(each => dump.text().includes(each))
      })
      await dump.end()
      await control('disable_events')
    })

    group(11, 'celery control shutdown ends it, after it has said so', async () => {
      const offline = fleet.event(({ type, hostname }) => type === 'worker-offline' && hostname === name)
      await fleet.celery('control', '-t', '1', '-d', name, 'shutdown')
      await worker.done
      await offline
      const { code } = await fleet.celery('inspect', '-t', '1', '-d', name, 'ping')
      assert.equal(code, 69)
    })
  })
}
