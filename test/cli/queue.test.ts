import assert from 'node:assert/strict'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, test, type TestContext } from 'node:test'
import { call } from 'skein'
import { connect, type DurableQueue } from 'skein/queue'
import { looksItself, Turnstile } from '#skein/stores/sqlite/file/turnstile.js'
import { root } from '../support/paths.ts'
import { answer } from './damage/in-process.ts'
import { type Ended, type Running, skein, start, workplace } from './skein.ts'

const module = `
import { task, current } from '${pathToFileURL(join(root, 'dist/index.js')).href}'
import { signalStep } from '${pathToFileURL(join(root, 'dist/queue/index.js')).href}'
export const add = task(import.meta, function add(a, b) { console.log('adding'); return a + b })
export const boom = task(import.meta, function boom(what) { throw new TypeError('no ' + what) })
export const nap = task(import.meta, async function nap() { const s = current(); s.log('napping', { deep: true }); await s.sleep('1h') })
export const asks = task(import.meta, async function asks(name) { return signalStep(current(), name, { timeout: '3d' }) })
export const busy = task(import.meta, function busy() { const s = current(); for (let n = 0; n < 100; n++) { s.progress(n); s.log('line ' + n) } throw new Error('too busy') })
`

interface Place {
  readonly folder: string
  readonly url: string
  readonly queue: DurableQueue
  /** The task functions of the module. */
  readonly tasks: Record<'add' | 'asks' | 'boom' | 'nap' | 'busy', never>
  run(...args: string[]): Promise<Ended>
  worker(...args: string[]): Running
}

/** A folder with a store and a module of tasks. */
async function place(t: TestContext): Promise<Place> {
  const folder = workplace(t)
  const file = join(folder, 'work.mjs')
  writeFileSync(file, module)
  const url = `sqlite:${join(folder, 'jobs.db')}`
  const queue = await connect(url)
  t.after(() => queue.close())
  const env = { SKEIN_STORE: url }
  return {
    folder,
    url,
    queue,
    tasks: (await import(pathToFileURL(file).href)) as Place['tasks'],
    run: (...args) => skein(folder, args, { env }),
    worker(...args) {
      const running = start(folder, ['worker', 'work.mjs', '--on', 'loop', ...args], { input: '', env })
      t.after(() => running.child.kill('SIGKILL'))
      return running
    },
  }
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)

describe('skein worker', () => {
  test('runs jobs, says what failed, and stops on SIGTERM with exit code 0', async t => {
    const { queue, tasks, worker } = await place(t)
    const running = worker('--verbose')
    const job = await queue.submit(call(tasks.add, 1 as never, 2 as never))
    assert.equal(await job.result(), 3)
    await (await queue.submit(call(tasks.boom, 'luck' as never))).result().catch(() => {})
    await running.printed('no luck')
    running.child.kill('SIGTERM')
    const { code, stdout, stderr } = await running.ended
    assert.equal(code, 0, stderr)
    assert.match(stdout, /done work\.add/)
    assert.match(stdout, /failed work\.boom .*no luck/)
    assert.match(stdout, /Stopped: 1 done, 1 failed\./)
  })

  test('starts a task no more often than --rate says', async t => {
    const { queue, tasks, worker } = await place(t)
    worker('--rate', 'work.add=1/1h')
    const jobs = await Promise.all([1, 2].map(n => queue.submit(call(tasks.add, n as never, 1 as never))))
    assert.equal(await jobs[0]?.result(), 2)
    await (await queue.submit(call(tasks.boom, 'luck' as never))).result().catch(() => {})
    assert.equal((await jobs[1]?.status())?.state, 'ready')
  })

  test('stops on SIGTERM while its modules are being loaded, too', async t => {
    const { folder } = await place(t)
    writeFileSync(
      join(folder, 'slow.mjs'),
      `console.log('loading'); setInterval(() => {}, 60_000); await new Promise(() => {})`,
    )
    const running = start(folder, ['worker', 'slow.mjs', '--on', 'loop'], {
      env: { SKEIN_STORE: `sqlite:${join(folder, 'slow.db')}` },
    })
    await running.printed('loading')
    running.child.kill('SIGTERM')
    const { code, signal, stderr } = await running.ended
    // As the first process of a container it would have heard nothing of a signal that it does not listen for.
    assert.deepEqual([code, signal], [0, null], stderr)
    assert.match(stderr, /Stopped before it had begun/)
  })

  test('breaks off what runs on the second signal, and says what', async t => {
    const { queue, tasks, worker, run } = await place(t)
    const running = worker('--grace', '100ms')
    const job = await queue.submit(call(tasks.nap))
    for await (const line of job.logs()) {
      assert.equal(line.text, 'napping')
      break
    }
    running.child.kill('SIGTERM')
    await running.printed('1 running, which may finish')
    running.child.kill('SIGTERM')
    const { code, stdout } = await running.ended
    assert.equal(code, 143)
    assert.match(stdout, new RegExp(`broken off work\\.nap ${job.id}`))
    const [kept] = lines((await run('job', job.id, '--json')).stdout)
    assert.deepEqual([kept?.['state'], kept?.['attempt']], ['ready', 0])
  })

  for (const on of ['loop', 'threads', 'processes']) {
    test(`with --json tells events, one a line, whatever jobs on ${on} print`, async t => {
      const { queue, tasks, worker } = await place(t)
      const running = worker('--json', '--on', on)
      await (await queue.submit(call(tasks.add, 1 as never, 2 as never))).result()
      await running.printed('"outcome":"done"')
      running.child.kill('SIGINT')
      const { stdout, stderr } = await running.ended
      assert.match(stderr, /adding/)
      const events = lines(stdout)
      assert.deepEqual(
        events.map(each => (each['type'] === 'worker' ? each['state'] : each['type'])),
        ['ready', 'started', 'ended', 'leaving', 'gone'],
      )
      assert.deepEqual(events[0]?.['tasks'], ['work.add', 'work.boom', 'work.nap', 'work.asks', 'work.busy'])
    })
  }

  test('says what is missing on its command line', async t => {
    const folder = workplace(t)
    for (const [args, message] of [
      [['worker'], /Say which modules/],
      [['worker', 'tasks.mjs'], /Say which store: skein worker tasks\.mjs --store sqlite:jobs\.db/],
      [['worker', 'tasks.mjs', '--store', 'sqlite:x.db', '--on', 'thread'], /Did you mean threads/],
      [['worker', 'tasks.mjs', '--store', 'amqp://x'], /no store of the kind 'amqp:'/],
      [['worker', 'tasks.mjs', '--store', 'sqlite:x.db', '--rate', 'mail.send=often'], /--rate must be TASK=N\/TIME/],
    ] as const) {
      const { code, stderr } = await skein(folder, args, { env: { SKEIN_STORE: '' } })
      assert.equal(code, 2, stderr)
      assert.match(stderr, message)
    }
    const { code, stderr } = await skein(folder, ['worker', 'no.mjs', '--store', 'sqlite:x.db'])
    assert.equal(code, 3)
    assert.match(stderr, /Cannot load the task module/)
  })
})

describe('the commands that look', () => {
  test('status counts jobs, and says what is amiss', async t => {
    const { queue, tasks, run } = await place(t)
    await queue.submit(call(tasks.add, 1 as never, 2 as never))
    await queue.pause()
    const { code, stdout } = await run('stats')
    assert.equal(code, 0)
    assert.match(stdout, /default \(paused\)\s+1\s/)
    assert.match(stdout, /No worker is there/)
    assert.doesNotMatch(stdout, /no worker knows this task/)
    assert.match(stdout, /Queue default is paused and 1 job waits/)
    const [stats] = lines((await run('stats', '--json')).stdout)
    assert.deepEqual(stats?.['unclaimed'], { 'work.add': 1 })
  })

  test('jobs lists and filters, job tells all of one', async t => {
    const { queue, tasks, worker, run } = await place(t)
    worker('-q')
    const good = await queue.submit(call(tasks.add, 1 as never, 2 as never))
    const bad = await queue.submit(
      call(tasks.boom, 'luck' as never).with({ tags: ['t'], retries: { times: 1, backoff: 1 } }),
    )
    await good.result()
    await bad.result().catch(() => {})
    assert.deepEqual(
      lines((await run('jobs', '--json')).stdout).map(each => [each['id'], each['state'], each['args']]),
      [
        [bad.id, 'failed', ['luck']],
        [good.id, 'done', [1, 2]],
      ],
    )
    const table = (await run('jobs', '--state', 'failed', '--tag', 't')).stdout
    assert.match(table, new RegExp(`${bad.id}\\s+work\\.boom\\s+default\\s+failed\\s+2 .*no luck`))
    assert.doesNotMatch(table, new RegExp(good.id))
    assert.match((await run('jobs', '--state', 'dead')).stdout, /No job matches/)
    const full = (await run('job', bad.id)).stdout
    assert.match(full, /work\.boom\("luck"\)/)
    assert.match(full, /TypeError: no luck/)
    assert.match(full, /failed, to be tried again in \d+ ms: no luck/)
    assert.match((await run('job', good.id)).stdout, /result\s+3/)
  })

  test('job says so when there is none', async t => {
    const { run } = await place(t)
    const { code, stderr } = await run('job', 'nobody')
    assert.equal(code, 1)
    assert.match(stderr, /knows no job nobody/)
  })

  test('take the beginning of an id that is the only one, and say what is wrong with others', async t => {
    const { queue, tasks, run } = await place(t)
    const job = await queue.submit(call(tasks.add, 1 as never, 2 as never))
    const other = await queue.submit(call(tasks.add, 3 as never, 4 as never))
    let same = 0
    while (job.id[same] === other.id[same]) same++
    assert.match((await run('job', job.id.slice(0, same + 1))).stdout, new RegExp(`job ${job.id}`))
    const several = await run('cancel', job.id.slice(0, same))
    assert.equal(several.code, 2)
    assert.match(several.stderr, /Several jobs begin with/)
    assert.match((await run('cancel', other.id.slice(0, same + 1))).stdout, /1 job cancelled/)
    const none = await run('job')
    assert.equal(none.code, 2)
    assert.match(none.stderr, /No id was given/)
  })

  test('refuse words and ids that they would not look at', async t => {
    const { queue, tasks, run } = await place(t)
    for (let n = 0; n < 3; n++) await queue.submit(call(tasks.add, 1 as never, 2 as never))
    for (const wrong of [
      ['stats', 'x'],
      ['jobs', 'extra'],
      ['jobs', '--after', 'nope'],
      ['jobs', '--queue', 'a,b'],
      ['dead', 'x'],
      ['doctor', 'x'],
    ]) {
      const { code, stderr } = await run(...wrong)
      assert.equal(code, 2, wrong.join(' '))
      assert.match(stderr, /takes options alone|must be the id of a job|without spaces and commas/)
    }
    assert.doesNotMatch((await run('jobs', '--limit', '3')).stdout, /More:/)
    assert.match((await run('jobs', '--limit', '2')).stdout, /These are 2\. More: --limit N, or --after/)
  })

  test('job tells all that happened and the latest progress, however much progress there was', async t => {
    const { queue, tasks, worker, run } = await place(t)
    worker('-q')
    const job = await queue.submit(call(tasks.busy).with({ retries: { times: 1, backoff: 1 } }))
    await job.result().catch(() => {})
    const { stdout } = await run('job', job.id, '--lines', '5')
    assert.match(stdout, /progress\s+99\n/)
    assert.match(stdout, /failed, to be tried again/)
    assert.match(stdout, /Error: too busy/)
    assert.equal(stdout.match(/progress/g)?.length, 1)
    assert.match(stdout, /line 99/)
    assert.doesNotMatch(stdout, /line 9[0-4]/)
    const [json] = lines((await run('job', job.id, '--json')).stdout)
    const story = (json?.['story'] ?? []) as { kind: string }[]
    assert.equal(story.filter(each => each.kind === 'progress').length, 200)
  })

  test('none of them makes a store out of a mistyped path', async t => {
    const { folder, run } = await place(t)
    for (const command of ['stats', 'jobs', 'dead']) {
      const { code, stderr } = await run(command, '--store', 'sqlite:jbos.db')
      assert.equal(code, 2)
      assert.match(stderr, /There is no file .*jbos\.db/)
    }
    assert.equal(existsSync(join(folder, 'jbos.db')), false)
  })

  test('stats and doctor tell of programs that the file system does not tell of changes', async t => {
    const { folder, run } = await place(t)
    const file = join(folder, 'jobs.db')
    const other = new Turnstile(`${file}-turn`, file, () => Number(process.hrtime.bigint()) / 1e6)
    try {
      other.show(looksItself)
      for (const command of ['stats', 'doctor']) {
        const { code, stdout } = await run(command)
        assert.match(stdout, /does not tell 1 of the \d programs .* of changes.*raise fs\.inotify/)
        assert.equal(code, command === 'doctor' ? 1 : 0)
      }
    } finally {
      other.close()
    }
  })

  test('doctor finds nothing wrong where nothing is, and says what is', async t => {
    const { queue, tasks, run } = await place(t)
    const well = await run('doctor')
    assert.equal(well.code, 0, well.stdout)
    assert.match(well.stdout, /✓ round trip/)
    assert.match(well.stdout, /✓ news +\d programs?, told of changes/)
    await queue.submit(call(tasks.add, 1 as never, 2 as never))
    const ill = await run('doctor', '--json')
    assert.equal(ill.code, 1)
    assert.deepEqual(
      lines(ill.stdout)
        .filter(each => each['fine'] === false)
        .map(each => each['what']),
      ['workers'],
    )
    const { queues } = await queue.storeStats()
    assert.deepEqual(
      queues.map(each => each.queue),
      ['default'],
    )
  })

  test('status --watch goes on until Ctrl-C', async t => {
    const { folder, url } = await place(t)
    const running = start(folder, ['stats', '--watch', '--json'], { input: '', env: { SKEIN_STORE: url } })
    await running.printed('"queues"')
    running.child.kill('SIGINT')
    assert.equal((await running.ended).code, 0)
  })
})

describe('the commands that change something', () => {
  test('pause and resume hold a queue back and let it go on', async t => {
    const { queue, run } = await place(t)
    assert.match((await run('pause', 'default')).stdout, /Queue default is paused/)
    assert.deepEqual(
      (await queue.storeStats()).queues.map(each => each.paused),
      [true],
    )
    assert.match((await run('resume', 'default')).stdout, /Queue default goes on/)
    const both = await run('pause', 'default,other')
    assert.match(both.stdout, /Queue default is paused\.[^]*Queue other is paused\. It is not known here yet/)
    assert.equal((await run('pause', 'a b')).code, 2)
    assert.deepEqual((await queue.storeStats()).queues.map(each => each.queue).toSorted(), ['default', 'other'])
    await run('resume', 'default,', 'other').then(({ code }) => assert.equal(code, 2))
    await run('resume', 'default,other')
  })

  test('cancel ends jobs by id or by filter, with the reason', async t => {
    const { queue, tasks, run } = await place(t)
    const ids = await Promise.all(
      [1, 2, 3].map(async n => (await queue.submit(call(tasks.add, n as never, n as never))).id),
    )
    assert.match((await run('cancel', ids[0] ?? '', '--reason', 'wrong one')).stdout, /1 job cancelled/)
    const job = await queue.job(ids[0] ?? '')
    await assert.rejects(job?.result() ?? Promise.resolve(), /wrong one/)
    const refused = await run('cancel', '--task', 'work.add')
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /then add --all/)
    assert.match((await run('cancel', '--task', 'work.add', '--all')).stdout, /2 jobs cancelled/)
    const gone = await run('cancel', 'nobody', '--json')
    assert.equal(gone.code, 1)
    assert.deepEqual(lines(gone.stdout), [{ id: 'nobody', outcome: 'gone' }])
  })

  test('retry lets what failed run again, purge forgets', async t => {
    const { queue, tasks, worker, run } = await place(t)
    const running = worker('-q')
    const job = await queue.submit(call(tasks.boom, 'luck' as never))
    await job.result().catch(() => {})
    running.child.kill('SIGTERM')
    await running.ended
    assert.match((await run('retry', '--state', 'failed', '--all')).stdout, /1 job will run again/)
    assert.equal((await queue.job(job.id))?.state, 'queued')
    assert.equal((await run('purge')).code, 2)
    assert.match((await run('purge', '--state', 'ready')).stdout, /1 job forgotten/)
    assert.equal(await queue.job(job.id), undefined)
  })

  test('purge says what stays of the file, and --compact gives it back to the disk', async t => {
    const { folder, queue, tasks, run } = await place(t)
    const file = join(folder, 'jobs.db')
    const large = 'x'.repeat(10_000)
    await Promise.all(Array.from({ length: 300 }, () => queue.submit(call(tasks.add, large as never, 1 as never))))
    const kept = await queue.submit(call(tasks.add, 1 as never, 2 as never).with({ queue: 'kept' }))
    assert.match(
      (await run('purge', '--queue', 'default')).stdout,
      /300 jobs forgotten\.\nThe file stays at .*MiB, of which .*MiB are empty.*skein purge --compact/,
    )
    const [{ file: before } = {}] = lines((await run('purge', '--queue', 'default', '--json')).stdout)
    assert.ok((before as { bytes: number }).bytes > 3_000_000)
    const compacted = await run('purge', '--compact', '--json')
    assert.equal(compacted.code, 0, compacted.stderr)
    const [{ forgotten, file: after } = {}] = lines(compacted.stdout)
    assert.equal(forgotten, 0)
    assert.deepEqual(after, { bytes: statSync(file).size, free: 0, before: (before as { bytes: number }).bytes })
    assert.ok(statSync(file).size < 1_000_000)
    // Who had it open all along goes on with it.
    assert.equal((await queue.job(kept.id))?.state, 'queued')
    await queue.submit(call(tasks.add, 1 as never, 2 as never))
    assert.equal((await run('purge', '--compact', '--store', 'memory:none')).code, 2)
  })

  test('a worker that could not be started hears no signals any more', async t => {
    const { folder } = await place(t)
    const before = process.listenerCount('SIGTERM')
    const store = `sqlite:${join(folder, 'jobs.db')}`
    await assert.rejects(answer(['worker', join(folder, 'none.mjs'), '--store', store]), { code: 'SKEIN_TASK_MODULE' })
    assert.equal(process.listenerCount('SIGTERM'), before)
  })

  test('dead shows what somebody has to look at', async t => {
    const { folder, queue, run, worker } = await place(t)
    assert.match((await run('dead')).stdout, /No job is dead/)
    writeFileSync(
      join(folder, 'kills.mjs'),
      `import { task } from '${pathToFileURL(join(root, 'dist/index.js')).href}'
       export const kills = task(import.meta, function kills() { process.exit(1) })\n`,
    )
    const { kills } = (await import(pathToFileURL(join(folder, 'kills.mjs')).href)) as { kills: never }
    const job = await queue.submit(call(kills).with({ retries: { times: 0, backoff: 1 } }))
    const running = worker('kills.mjs', '--on', 'threads', '-q')
    await job.result().catch(() => {})
    running.child.kill('SIGTERM')
    await running.ended
    const { stdout } = await run('dead')
    assert.match(stdout, new RegExp(`${job.id}  kills\\.kills\\(\\)`))
    assert.match(stdout, /skein retry ID/)
  })

  test('repair saves a store into a new file', async t => {
    const { folder, queue, tasks, run } = await place(t)
    await queue.submit(call(tasks.add, 1 as never, 2 as never))
    await queue.close()
    const { code, stdout } = await run('repair', 'jobs.db')
    assert.equal(code, 0, stdout)
    assert.match(stdout, /Saved 1 job and 0 reports into .*jobs-repaired\.db/)
    assert.match((await run('jobs', '--store', `sqlite:${join(folder, 'jobs-repaired.db')}`)).stdout, /work\.add/)
  })
})

describe('skein signal', () => {
  test('lets a job go on that waits for it, of which skein jobs and skein job say so', async t => {
    const { queue, tasks, worker, run } = await place(t)
    const running = worker('--verbose')
    const job = await queue.submit(call(tasks.asks, 'approval' as never))
    await running.printed(`waiting for signal 'approval', at most until`)
    assert.match((await run('jobs')).stdout, /held .*waiting for signal 'approval', at most until/)
    assert.match((await run('job', job.id)).stdout, /waits +waiting for signal 'approval'[^]*has given its place back/)
    const [listed] = lines((await run('jobs', '--json')).stdout)
    assert.ok(listed)
    const [{ kind, name, until }] = listed['waits'] as [{ kind: string; name: string; until: string }]
    assert.deepEqual([kind, name], ['signal', 'approval'])
    assert.ok(Date.parse(until) > Date.now())
    const { code, stdout } = await run('signal', job.id, 'approval', '{"ok":true}')
    assert.equal(code, 0)
    assert.match(stdout, /The signal is kept for the job/)
    assert.deepEqual(await job.result(), { ok: true })
    const late = await run('signal', job.id, 'approval', '--json')
    assert.equal(late.code, 1)
    assert.deepEqual(lines(late.stdout), [{ id: job.id, signal: 'approval', outcome: 'ended' }])
    assert.match((await run('signal', 'nobody', 'approval')).stdout, /unknown to the store/)
    for (const wrong of [
      ['signal'],
      ['signal', job.id],
      ['signal', job.id, 'a', 'b', 'c'],
      ['signal', job.id, 'a', 'no json'],
    ])
      assert.equal((await run(...wrong)).code, 2, wrong.join(' '))
  })
})
