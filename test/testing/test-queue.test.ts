import assert, { AssertionError } from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { call, CancelledError, current, NonRetryableError, sleep, task, WorkerCrashedError } from 'skein'
import { settled, testQueue, type TestQueue, type TestQueueOptions, virtualClock } from 'skein/testing'

const effects: string[] = []

const mail = task(import.meta, function mail(to: string, copies = 1) {
  effects.push(`mail ${to}`)
  return copies
})
const flaky = task(import.meta, function flaky(fails: number) {
  const { attempt } = current()
  effects.push(`attempt ${attempt}`)
  if (attempt <= fails) throw new Error(`not yet ${attempt}`)
  return attempt
})
const hopeless = task(import.meta, function hopeless(): void {
  throw new NonRetryableError('never')
})
const nap = task(import.meta, async function nap(length: `${number}h`) {
  const s = current()
  effects.push('asleep')
  try {
    await s.sleep(length)
    effects.push('awake')
  } finally {
    effects.push('up')
  }
})
const stranger = task(import.meta, function stranger() {})

let opened: TestQueue | undefined

const open = async (options: Partial<TestQueueOptions> = {}): Promise<TestQueue> => {
  effects.length = 0
  opened = await testQueue({ tasks: [mail, flaky, hopeless, nap], ...options })
  return opened
}

// Also after a test that failed: the next one needs the clock.
afterEach(() => opened?.close())

const failsWith = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AssertionError)
  assert.match(error.message, message)
  return true
}

describe('a queue for tests', () => {
  test('warns whoever waits for a result while nothing can run, and nobody else', async () => {
    const t = await open()
    const warned = new Promise<Error>(resolve => process.once('warning', resolve))
    const result = (await t.queue.submit(mail, 'a')).result()
    const { name, message } = await warned
    assert.equal(name, 'SkeinWarning')
    assert.match(message, /\(1 of them wait\) run only during drain\(\) and waitFor\(\).*auto: true/)
    await t.drain()
    assert.equal(await result, 1)
    await t.close()

    const other = await open()
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    try {
      const job = await other.queue.submit(mail, 'b')
      const soon = job.result()
      await other.drain()
      assert.equal(await soon, 1)
      assert.equal(await job.result(), 1)
      await settled({ turns: 30 })
      assert.deepEqual(warnings, [])
    } finally {
      process.off('warning', note)
    }
  })

  test('runs nothing before it is told to, and then everything', async () => {
    const t = await open()
    const jobs = await Promise.all(['a', 'b', 'c'].map(to => t.queue.submit(mail, to)))
    await sleep(0)
    assert.deepEqual(effects, [])
    await t.drain()
    assert.deepEqual(effects, ['mail a', 'mail b', 'mail c'])
    assert.deepEqual(await Promise.all(jobs.map(job => job.result())), [1, 1, 1])
    await t.drain()
  })

  test('lets delays and waits for another attempt pass in no time, on its own clock', async () => {
    const t = await open()
    const job = await t.queue.submit(
      call(flaky, 2).with({
        delay: '1d',
        retries: { times: 5, backoff: '1h', factor: 2, jitter: 0, maxBackoff: '1d' },
      }),
    )
    await t.drain()
    assert.equal(await job.result(), 3)
    const hours = t.clock.elapsed / 3_600_000
    assert.ok(hours >= 27 && hours < 27.1, `${hours} h`)
  })

  test('waits for a job to be in a state', async () => {
    const t = await open()
    const job = await t.queue.submit(call(nap, '5h').with({ delay: '1h' }))
    assert.equal((await t.waitFor(job, 'delayed')).state, 'delayed')
    assert.equal((await t.waitFor(job, 'running')).state, 'running')
    assert.equal((await t.waitFor(job.id, 'done')).state, 'done')
    assert.deepEqual(effects, ['asleep', 'awake', 'up'])
    await assert.rejects(t.waitFor(job, 'failed'), failsWith(/has ended as done, not as failed/))
    await assert.rejects(t.waitFor(job, 'running'), failsWith(/was not seen as running/))
    await assert.rejects(t.waitFor('nobody', 'done'), failsWith(/no job nobody/))
    await assert.rejects(t.waitFor(job, 'finished' as never), { code: 'SKEIN_INVALID_ARGUMENT' })
    const failing = await t.queue.submit(hopeless)
    await assert.rejects(t.waitFor(failing, 'done'), failsWith(/ended as failed, not as done: .*never/s))
  })

  test('finds what was submitted, and says what was when it finds nothing', async () => {
    const t = await open()
    await t.queue.submit(mail, 'ada@example.org')
    await t.queue.submit(call(mail, 'bob@example.org', 2).with({ queue: 'slow', tags: ['news'] }))
    assert.equal((await t.assertSubmitted(mail)).length, 2)
    assert.equal((await t.assertSubmitted(mail, { args: ['bob@example.org', 2] }))[0]?.queue, 'slow')
    await t.assertSubmitted(mail, { queue: 'slow', tag: 'news', times: 1 })
    await t.assertSubmitted(nap, { times: 0 })
    await t.assertNotSubmitted(flaky)
    await t.assertNotSubmitted(mail, { args: ['nobody'] })
    await assert.rejects(
      t.assertSubmitted(flaky),
      failsWith(/a job of test-queue\.test\.flaky, found 0.*mail \[ 'ada@example\.org' \]/s),
    )
    await assert.rejects(t.assertSubmitted(mail, { times: 3 }), failsWith(/3 jobs of .*found 2/s))
    await assert.rejects(t.assertNotSubmitted(mail, { queue: 'slow' }), failsWith(/no job of .* in queue slow/))
  })

  test('finds the first of a hundred thousand, too', async () => {
    const t = await open()
    const plain = { queue: 'default', task: 'other', priority: 4, delay: 0, headers: '{}', body: '[[],{},{}]' }
    await t.queue.submit(mail, 'a')
    await t.store.broker.send(Array.from({ length: 100_000 }, (_, n) => ({ ...plain, id: `other ${n}` })))
    const [first] = await t.assertSubmitted(mail, { times: 1 })
    assert.deepEqual(first?.args, ['a'])
  })

  test('says what is left that cannot run', async () => {
    const t = await open()
    await t.queue.submit(stranger)
    await assert.rejects(t.drain(), failsWith(/1 of task test-queue\.test\.stranger, which is not among the tasks/))
    await t.queue.purge({})
    await t.queue.submit(call(mail, 'a').with({ queue: 'other' }))
    await assert.rejects(t.drain(), failsWith(/1 in queue other, which this test's worker takes nothing from/))
    await t.queue.purge({})
    await t.queue.pause()
    await t.queue.submit(mail, 'a')
    await assert.rejects(t.drain(), failsWith(/1 in queue default, which is paused/))
    await t.queue.resume()
    await t.queue.submit(call(nap, '10h').with({ delay: '2h' }))
    await assert.rejects(
      t.drain({ limit: '1h' }),
      failsWith(
        /After 60 minutes on the clock of the test 1 job still waits or runs:\n  \S+: \S+\.nap in default, delayed/,
      ),
    )
    await t.drain()
  })

  test('may run everything at once by itself, for code that waits for results', async () => {
    const t = await open({ auto: true })
    assert.equal(await t.queue.run(call(flaky, 3).with({ retries: { times: 3, backoff: '1h' } })), 4)
    assert.deepEqual(await t.queue.map(mail, ['a', 'b']).toArray(), [1, 1])
  })

  test('cancels and times out on its clock', async () => {
    const t = await open()
    const job = await t.queue.submit(nap, '5h')
    await t.waitFor(job, 'running')
    const cancelled = job.cancel('enough')
    await t.waitFor(job, 'cancelled')
    await cancelled
    await assert.rejects(job.result(), error => error instanceof CancelledError && error.reason === 'enough')
    const slow = await t.queue.submit(call(nap, '5h').with({ timeout: '1h' }))
    await t.drain()
    await assert.rejects(slow.result(), { code: 'SKEIN_TIMEOUT' })
    const late = await t.queue.submit(call(nap, '5h').with({ deadline: '2h' }))
    await t.drain()
    await assert.rejects(late.result(), { code: 'SKEIN_TIMEOUT' })
    const expired = await t.queue.submit(call(mail, 'a').with({ delay: '2h', expires: '1h' }))
    await t.drain()
    await assert.rejects(expired.result(), { code: 'SKEIN_CANCELLED' })
  })

  test('takes the clock of the test, and leaves it there', async () => {
    const clock = virtualClock({ start: new Date('2026-11-21T00:00:00Z') })
    const t = await open({ clock })
    const job = await t.queue.submit(call(mail, 'a').with({ eta: new Date('2026-12-24T18:00:00Z') }))
    await t.drain()
    assert.equal(await job.result(), 1)
    assert.equal(new Date(clock.now()).toISOString().slice(0, 16), '2026-12-24T18:00')
    assert.equal(clock.autojump, false)
    clock.restore()
  })

  test('gives the machine its clock back', async () => {
    const t = await open()
    assert.throws(() => virtualClock(), { code: 'SKEIN_INVALID_ARGUMENT' })
    await t.close()
    await t.close()
    virtualClock().restore()
  })

  test('refuses options that are none', async () => {
    await assert.rejects(testQueue({ tasks: [mail], nonsense: 1 } as never), { code: 'SKEIN_INVALID_ARGUMENT' })
    await assert.rejects(testQueue({} as never), { code: 'SKEIN_INVALID_ARGUMENT', message: /tasks/ })
    await assert.rejects(testQueue({ tasks: [() => 1] as never }), { code: 'SKEIN_INVALID_ARGUMENT' })
    virtualClock().restore()
  })
})

describe('a simulated crash', () => {
  test('after the effect runs the job again, and writes nothing of the first run', async () => {
    const t = await open()
    t.crash.at('after-effect')
    const job = await t.queue.submit(mail, 'a')
    await t.drain()
    assert.deepEqual(effects, ['mail a', 'mail a'])
    assert.equal(await job.result(), 1)
    const status = await job.status()
    assert.equal(status.deaths, 1)
    assert.equal(t.crash.count, 1)
    assert.ok(t.clock.elapsed >= 10_000, 'the lease of the dead worker had to run out')
  })

  test('after the claim runs it once', async () => {
    const t = await open()
    t.crash.at('after-claim')
    const jobs = await Promise.all(['a', 'b'].map(to => t.queue.submit(mail, to)))
    await t.drain()
    assert.deepEqual(effects.toSorted(), ['mail a', 'mail b'])
    assert.deepEqual(await Promise.all(jobs.map(job => job.result())), [1, 1])
  })

  for (const label of ['mid-run', 'before-ack', 'during-ack'] as const) {
    test(`${label} loses nothing`, async () => {
      const t = await open({ lease: '10s' })
      const job = await t.queue.submit(nap, '1h')
      t.crash.at(label)
      await t.drain()
      assert.equal(await job.result(), undefined)
      assert.equal((await job.status()).deaths, 1)
      assert.equal(effects.filter(each => each === 'asleep').length, 2)
      assert.equal(t.crash.count, 1)
    })
  }

  test('after the acknowledgement changes nothing any more', async () => {
    const t = await open({ lease: '10s' })
    const job = await t.queue.submit(nap, '1h')
    t.crash.at('after-ack')
    await t.drain()
    assert.equal(await job.result(), undefined)
    assert.equal((await job.status()).deaths, 0)
    assert.equal(effects.filter(each => each === 'asleep').length, 1)
    assert.equal(t.crash.count, 1)
  })

  test('in the middle of a run comes out the same every time', async () => {
    for (let round = 0; round < 25; round++) {
      const t = await open()
      const jobs = await Promise.all([t.queue.submit(nap, '1h'), t.queue.submit(nap, '2h')])
      t.crash.at('mid-run')
      await t.drain()
      for (const job of jobs) assert.equal((await job.status()).state, 'done')
      assert.equal(t.crash.count, 1)
      await t.close()
    }
  })

  test('may come at a later passage, or be disarmed', async () => {
    const t = await open()
    t.crash.at('after-effect', { time: 2 })
    const disarm = t.crash.at('before-ack')
    disarm()
    await t.queue.submit(mail, 'a')
    await t.drain()
    assert.equal(t.crash.count, 0)
    await t.queue.submit(mail, 'b')
    await t.drain()
    assert.equal(t.crash.count, 1)
    assert.deepEqual(effects, ['mail a', 'mail b', 'mail b'])
    assert.throws(() => t.crash.at('during-renew' as never), { code: 'SKEIN_INVALID_ARGUMENT' })
    assert.throws(() => t.crash.at('nowhere' as never), { code: 'SKEIN_INVALID_ARGUMENT' })
    assert.throws(() => t.crash.at('mid-run', { time: 0 }), { code: 'SKEIN_INVALID_ARGUMENT' })
  })

  test('may come to a worker that has just taken the place of a dead one', async () => {
    const t = await open()
    t.crash.at('after-claim')
    t.crash.at('after-claim')
    const job = await t.queue.submit(mail, 'Ada')
    await t.drain()
    assert.equal(await job.result(), 1)
    assert.equal(t.crash.count, 2)
    assert.equal((await t.queue.storeStats()).workers.length, 1)
  })

  test('is one where several points are armed for one passage, and leaves no worker behind', async () => {
    const t = await open()
    t.crash.at('after-effect')
    t.crash.at('after-effect')
    const job = await t.queue.submit(mail, 'Ada')
    await t.drain()
    assert.equal(await job.result(), 1)
    assert.equal(t.crash.count, 1)
    assert.equal((await t.queue.storeStats()).workers.length, 1)
  })

  test('three times under the same job makes it a dead one, with the story', async () => {
    const t = await open()
    const job = await t.queue.submit(mail, 'a')
    for (let time = 1; time <= 3; time++) t.crash.at('after-effect', { time })
    await t.drain()
    const status = await job.status()
    assert.equal(status.state, 'dead')
    assert.equal(status.deaths, 3)
    await assert.rejects(
      job.result(),
      error => error instanceof WorkerCrashedError && /3 workers have died/.test(error.message),
    )
  })
})
