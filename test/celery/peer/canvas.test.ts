import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type QueueWorker, work } from 'skein/queue'
import { readEnvelope } from '#skein/celery/envelope.js'
import { celeryOf, celeryVersions, notTested } from '../../support/services.ts'
import { type Fleet, missingFor, startFleet } from './fleet.ts'
import { sound } from '../samples.ts'
import { heard, tasks } from './tasks.ts'

for (const version of celeryVersions) {
  const missing = await missingFor(celeryOf(version))
  describe(`a canvas of Celery ${version}, run by workers of both languages:`, () => {
    let fleet: Fleet
    let worker: QueueWorker

    before(async () => {
      if (missing !== undefined) return
      fleet = await startFleet(celeryOf(version))
      await fleet.worker('py@host', '-P', 'solo', '--without-gossip', '--without-mingle')
      worker = await work({ store: fleet.url, tasks, on: 'loop', queues: ['ts'] })
    })
    after(async () => {
      await worker?.close()
      await fleet?.stop()
    })

    const group = (number: number, name: string, body: () => Promise<void>): void => {
      test(`group ${number}: ${name}`, t => (missing === undefined ? body() : notTested(t, missing)))
    }
    /** Each expression, run in Python, has its value. */
    const values = async (expected: Readonly<Record<string, unknown>>): Promise<void> => {
      for (const [expression, value] of Object.entries(expected)) {
        assert.deepEqual(await fleet.python(expression), value, expression)
      }
    }
    const keysOf = async (pattern: string): Promise<string[]> => (await fleet.link.ask('KEYS', pattern)) as string[]

    group(5, 'chains whose steps alternate', () =>
      values({
        'get(chain(ts("add", 1, 2), add.s(4), ts("add", 8), add.s(16))())': 31,
        'get(chain(add.s(1, 2), ts("add", 4), add.s(8))())': 15,
        'get(chain(ts("add", 1, 2), chain(ts("add", 3), add.s(4)), ts("listed"))())': 10,
      }),
    )

    group(5, 'map, starmap and chunks of a task that runs here', () =>
      values({
        'get(xmap(ts("sum"), [[1, 2], [3]], app=app).apply_async(queue="ts"))': [3, 3],
        'get(xstarmap(ts("add"), [(1, 2), (3, 4)], app=app).apply_async(queue="ts"))': [3, 7],
        'get(chunks(ts("add"), zip(range(5), range(5)), 2, app=app).group().apply_async(queue="ts"))': [
          [0, 2],
          [4, 6],
          [8],
        ],
      }),
    )

    group(5, 'an error in a chain marks what comes after it as failed', async () => {
      const errorAndStates = async (canvas: string): Promise<readonly [unknown, unknown]> => {
        const made = '(lambda r: [get(r), [r.id, r.parent.id, r.parent.parent.id]])'
        const [error, ids] = (await fleet.python(`${made}(${canvas}())`)) as [unknown, string[]]
        const states = `[AsyncResult(each).state for each in ${JSON.stringify(ids)}]`
        // Of a step that fails the one who waits hears first.
        await fleet.until(async () => !((await fleet.python(states)) as string[]).includes('PENDING'))
        return [error, await fleet.python(states)]
      }
      assert.deepEqual(await errorAndStates('chain(ts("add", 1, 1), ts("fail").set(immutable=True), add.s(3))'), [
        ['celery.exceptions.NonRetryableError', ["'bad'"]],
        ['FAILURE', 'FAILURE', 'SUCCESS'],
      ])
      assert.deepEqual(await errorAndStates('chain(ts("add", 1, 1), fail.si(), ts("add", 3))'), [
        ['builtins.ValueError', ["'a'", '2']],
        ['FAILURE', 'FAILURE', 'SUCCESS'],
      ])
    })

    group(5, 'links and errbacks on both sides', async () => {
      heard.length = 0
      await values({
        'get(ts("add", 1, 2).apply_async(link=[add.s(10), ts("tell", "linked")]))': 3,
        'get(add.apply_async((2, 2), link=ts("tell", "from python")))': 4,
      })
      await fleet.python(
        'get(ts("fail").apply_async(task_id="failed-here", link_error=[ts("tell", "errback"), tell.s("py errback")]))',
      )
      await fleet.python('get(fail.apply_async(task_id="failed-there", link_error=ts("tell", "of python")))')
      await fleet.until(async () => heard.length === 4 && (await fleet.link.ask('LLEN', 'told')) === 1)
      assert.deepEqual(heard.map(each => JSON.stringify(each)).sort(), [
        '["failed-here","errback"]',
        '["failed-there","of python"]',
        '[3,"linked"]',
        '[4,"from python"]',
      ])
      assert.equal(await fleet.link.ask('LPOP', 'told'), '["failed-here", "py errback"]')
    })

    group(6, 'a group of 100 members, saved and restored, and the tuples of its results', () =>
      values({
        'get(group([ts("add", n, n) if n % 2 else add.s(n, n) for n in range(100)])())': Array.from(
          { length: 100 },
          (_, n) => 2 * n,
        ),
        '(lambda r: (r.save(), until_ready(r), [get(AsyncResult(each.id)) for each in GroupResult.restore(r.id)])[2])(group(ts("add", 1, 1), add.s(2, 2))())':
          [2, 4],
        // A group after a step, whose members are run on both sides.
        'get(chain(ts("add", 1, 1), group(ts("add", 1), add.s(2), ts("add", 3)))())': [3, 4, 5],
      }),
    )

    group(7, 'chords: order kept, an empty header, one task, and 100 tasks over both languages', async () => {
      await values({
        'get(chord([ts("add", 1, 1), add.s(2, 2), ts("add", 3, 3)])(listed.s()))': [2, 4, 6],
        'get(chord([add.s(1, 1), ts("add", 2, 2)])(ts("listed")))': [2, 4],
        'get(chord([])(ts("sum")))': 0,
        'get(chord([ts("add", 1, 1)])(ts("sum")))': 2,
        'get(chord([ts("add", n) if n % 2 else add.s(n) for n in range(100)])(ts("sum")))': 4950,
        'get(chord([ts("add", n) if n % 2 else add.s(n) for n in range(100)])(listed.s()))': Array.from(
          { length: 100 },
          (_, n) => n,
        ),
      })
      assert.deepEqual(await keysOf('celery-taskset-meta-*.[jts]'), [])
      assert.deepEqual(await keysOf('skein:chord*'), [])
    })

    group(7, 'a failure in a header is a ChordError of the body, whose errbacks are told', async () => {
      for (const [header, body] of [
        ['[ts("add", 1, 1), ts("fail")]', 'listed.s()'],
        ['[add.s(1, 1), fail.s()]', 'ts("listed")'],
        ['[ts("add", 1, 1), fail.s()]', 'ts("listed")'],
      ]) {
        heard.length = 0
        const id = (await fleet.python(`chord(${header})(${body}.on_error(ts("tell"))).id`)) as string
        const [name, [message]] = (await fleet.python(`get(AsyncResult("${id}"))`)) as [string, [string]]
        assert.equal(name, 'celery.exceptions.ChordError', header)
        assert.match(message, /^["']Dependency \S+ raised \w+\(/)
        await fleet.until(async () => heard.length === 1)
        assert.deepEqual(heard, [[id]])
      }
    })

    group(7, 'bodies that are chains and groups, chords in chains, and groups before tasks', () =>
      values({
        'get(chord([ts("add", 1, 1), add.s(2, 2)])(chain(ts("sum"), add.s(10), ts("add", 100))))': 116,
        'get(chain(group(ts("add", 1, 1), add.s(2, 2)), ts("sum"), add.s(100))())': 106,
        'get(chain(ts("add", 1, 1), group(ts("add", 2), add.s(3)), ts("sum"), ts("add", 100))())': 109,
        'get(chain(add.s(1, 1), group(ts("add", 2), add.s(3)), tsum.s(), group(ts("add", 1), ts("add", 2)), ts("sum"))())': 21,
        'sorted(get(chord([ts("add", 1, 1), ts("add", 2, 2)])(group(ts("sum"), tsum.s()))))': [6, 6],
        'get(chain(ts("add", 1, 1), group(ts("add", 2)), ts("add", 100))())': 104,
      }),
    )

    group(7, 'nested chords and groups in a header are counted as Celery counts them', () =>
      values({
        'get(chord([group(ts("add", 1, 1), add.s(2, 2)), chain(ts("add", 3, 3), add.s(4))])(ts("listed")))': [4, 2, 10],
        'get(chord([chord([ts("add", 1, 1), add.s(2, 2)], ts("sum")), ts("add", 10)])(ts("listed")))': [6, 10],
        'get(chord([chain(ts("add", 1, 1), group(ts("add", 1), add.s(2))), ts("add", 10)])(ts("listed")))': [
          [3, 4],
          10,
        ],
      }),
    )

    group(8, 'a task that replaces itself, and one that adds to its chord', () =>
      values({
        'get(chord([rep.s(1), ts("add", 2, 2)])(ts("listed")))': [11, 4],
        'get(chain(ts("add", 1, 1), rep.s(), ts("add", 1))())': 13,
        'sorted(get(chord([more.s(1), ts("add", 2, 2)])(ts("listed"))))': [1, 4, 1001],
      }),
    )

    group(8, 'stamps go with a canvas through both languages', async () => {
      const canvas = 'chain(ts("add", 1, 2), add.s(3), ts("add", 4), add.s(5).set(queue="nobody"))'
      assert.equal(await fleet.python(`stamped(${canvas}, monitor="m-1")() and 1`), 1)
      await fleet.until(async () => (await fleet.link.ask('LLEN', 'nobody')) === 1)
      const { headers } = sound(readEnvelope((await fleet.link.ask('RPOP', 'nobody')) as string))
      const { stamps, stamped_headers: names } = JSON.parse(headers) as Record<string, unknown>
      assert.deepEqual([stamps, names], [{ monitor: 'm-1' }, ['monitor']])
    })
  })
}
