import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { call, CapacityLimiter, CancelledError, type Executor, moveOnAfter, scope, scopeKey, sleep } from 'skein'
import { threads } from 'skein/threads'
import {
  ask,
  countForEver,
  countUp,
  double,
  failWith,
  go,
  peak,
  running,
  tidied,
  tidyAfterwards,
  turnRound,
  turns,
  waitFor,
} from './bridge-tasks.ts'
import { rejection } from '../deferred.ts'
import { programFolder, runProgram } from '../program.ts'

// The cooperative side and the threads take part in the same cancellation.

const memory = (): { readonly buffer: SharedArrayBuffer; readonly at: (place: number) => number } => {
  const buffer = new SharedArrayBuffer(20)
  return { buffer, at: place => Atomics.load(new Int32Array(buffer), place) }
}

/** Resolves when the condition holds; what happens in another thread reports itself by nothing else. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1)
}

/** A thread that still ran would have counted on by then. */
function stands(at: (place: number) => number): boolean {
  const before = at(turns)
  for (const end = performance.now() + 10; performance.now() < end;);
  return at(turns) === before
}

describe('threads in a scope', { timeout: 60_000 }, () => {
  const pools: Executor[] = []
  const open = (options: Parameters<typeof threads>[0]): Executor => {
    const pool = threads(options)
    pools.push(pool)
    return pool
  }
  after(() => Promise.all(pools.map(pool => pool.close({ cancel: true }))))
  const pool = open({ workers: 2, grace: 20 })

  test('51: a scope that is cancelled ends when its thread has ended, not before', async () => {
    const { buffer, at } = memory()
    const error = await rejection(
      scope(async s => {
        const result = s.on(pool).run(countForEver, buffer)
        await until(() => at(turns) > 0)
        s.cancel('enough')
        await result
      }),
    )
    assert.ok(error instanceof CancelledError)
    assert.deepEqual([error.reason, error.ended], ['enough', 'terminated'])
    assert.ok(stands(at))
    assert.equal(pool.stats().running, 0)
  })

  test('51: a thread that tidies up is waited for', async () => {
    const patient = open({ workers: 1, grace: '10s' })
    const { buffer, at } = memory()
    await assert.rejects(
      scope(async s => {
        void s.on(patient).run(tidyAfterwards, buffer)
        await until(() => at(running) === 1)
        throw new RangeError('the body failed')
      }),
      /the body failed/,
    )
    assert.deepEqual([at(tidied), at(running)], [1, 0])
  })

  test('51: a scope that was cancelled before never starts the thread', async () => {
    const unused = open({ workers: 1 })
    const { buffer, at } = memory()
    await scope(async s => {
      s.cancel()
      const here = s.on(unused)
      for (const start of [() => here.run(turnRound, buffer, 1), () => here.submit(turnRound, buffer, 1)]) {
        assert.ok((await rejection(start())) instanceof CancelledError)
      }
    }).catch((error: unknown) => assert.ok(error instanceof CancelledError))
    assert.equal(at(turns), 0)
    assert.equal(unused.stats().workers.length, 0)
  })

  test('a failure on the loop stops the thread, and a failure on a thread stops the loop', async () => {
    const { buffer, at } = memory()
    const patient = open({ workers: 1, grace: '1m' })
    await assert.rejects(
      scope(async s => {
        s.spawn(s => s.on(patient).run(turnRound, buffer, 2 ** 31))
        s.spawn(async () => {
          await until(() => at(running) === 1)
          throw new TypeError('on the loop')
        })
      }),
      /on the loop/,
    )
    assert.equal(at(running), 0)
    let stopped = false
    await assert.rejects(
      scope(async s => {
        s.spawn(async s => {
          try {
            await s.sleep('1h')
          } finally {
            stopped = true
          }
        })
        s.spawn(s => s.on(pool).run(failWith, 'on a thread'))
      }),
      { name: 'RangeError', message: 'on a thread' },
    )
    assert.equal(stopped, true)
  })

  test('52: a slot of a limiter stays taken until the thread has ended', async () => {
    const { buffer, at } = memory()
    const limiter = new CapacityLimiter(1)
    await scope(async s => {
      const first = s.spawn(s => limiter.hold(() => s.on(pool).run(countForEver, buffer), s))
      await until(() => at(turns) > 0)
      const second = s.spawn(s => limiter.hold(() => stands(at), s))
      void first.cancel()
      await Promise.resolve()
      assert.equal(limiter.borrowed, 1)
      assert.equal(await second.result(), true)
    })
    assert.equal(limiter.borrowed, 0)
  })

  test('52: work that was let go of keeps its token until the thread has ended, and what it gives then is dropped', async () => {
    const limiter = new CapacityLimiter(1)
    const limited = open({ workers: 2, limiter })
    for (const then of ['give', 'fail'] as const) {
      const { buffer, at } = memory()
      let late: Promise<unknown> | undefined
      // The scope ends although the thread goes on: nothing in it waits for the thread.
      const outcome = await moveOnAfter(
        20,
        s => {
          late = limited.run(waitFor, buffer, then)
          return s.wait(late)
        },
        'let go',
      )
      assert.equal(outcome, 'let go')
      assert.equal(limiter.borrowed, 1)
      let second = false
      const next = limited.run(double, 4).then(value => ((second = true), value))
      await until(() => at(running) === 1)
      assert.deepEqual([second, limiter.borrowed], [false, 1])
      Atomics.store(new Int32Array(buffer), go, 1)
      Atomics.notify(new Int32Array(buffer), go)
      assert.equal(await next, 8)
      await late?.catch(() => {})
      assert.equal(limiter.borrowed, 0)
    }
  })

  test('52: a program whose body has ended waits for a thread that was let go of, and says nothing of its late error', async () => {
    const folder = programFolder()
    const code = `
      import { isMainThread } from 'node:worker_threads'
      import { moveOnAfter, task } from 'skein'
      import { threads } from 'skein/threads'
      export const failLate = task(import.meta, function failLate() {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
        console.log('the thread has ended')
        throw new RangeError('too late')
      })
      if (isMainThread) {
        const pool = threads({ workers: 1 })
        await pool.run(failLate).catch(() => {}) // the thread is there
        await moveOnAfter(20, s => s.wait(pool.run(failLate)))
        console.log('let go')
      }
    `
    try {
      const { code: exitCode, stdout, stderr } = await runProgram(folder.path, 'late.mjs', code)
      assert.deepEqual([exitCode, stdout, stderr], [0, 'the thread has ended\nlet go\nthe thread has ended\n', ''])
    } finally {
      folder.remove()
    }
  })

  test('53: at most so many at a time, whatever is cancelled and whenever', async () => {
    const wide = open({ workers: 3, grace: '1m' })
    const { buffer, at } = memory()
    const limiter = new CapacityLimiter(2)
    let ended = 0
    await scope(async s => {
      for (let n = 0; n < 40; n++) {
        const job = s.spawn(async s => {
          try {
            await limiter.hold(() => s.on(wide).run(turnRound, buffer, 20_000), s)
          } finally {
            ended++
          }
        })
        // Some before they start, some while they wait, some while they run.
        if (n % 4 === 1) void job.cancel()
        if (n % 4 === 3) s.spawn(async s => void (await s.sleep(n % 7), job.cancel()))
      }
    })
    assert.ok(at(peak) >= 1 && at(peak) <= 2, `${at(peak)} at a time`)
    assert.equal(limiter.stats().peak, 2)
    assert.deepEqual([ended, at(running), limiter.borrowed, wide.stats().running], [40, 0, 0, 0])
  })

  test('53: a limiter that a pool shares with the loop holds for both together, whatever is cancelled', async () => {
    const { buffer, at } = memory()
    const limiter = new CapacityLimiter(2)
    const limited = open({ workers: 3, grace: '1m', limiter })
    const rude = open({ workers: 1, grace: 20, limiter })
    await scope(async s => {
      for (let n = 0; n < 20; n++) {
        const job = s.spawn(s => s.on(limited).run(turnRound, buffer, 20_000))
        s.spawn(s => limiter.hold(() => s.sleep(0), s))
        if (n % 4 === 1) void job.cancel()
        if (n % 4 === 3) s.spawn(async s => void (await s.sleep(n % 7), job.cancel()))
      }
    })
    assert.ok(at(peak) >= 1 && at(peak) <= 2, `${at(peak)} at a time`)
    assert.deepEqual([limiter.stats().peak, limiter.borrowed, at(running)], [2, 0, 0])
    const error = await rejection(
      scope(async s => {
        const before = at(turns)
        const result = s.on(rude).run(countForEver, buffer)
        await until(() => at(turns) > before)
        s.cancel('enough')
        assert.equal(limiter.borrowed, 1)
        await result
      }),
    )
    assert.ok(error instanceof CancelledError && error.ended === 'terminated')
    assert.equal(limiter.borrowed, 0)
  })

  test('53: a call that cannot start gives its slot back', async () => {
    const broken = open({ workers: 1, initializer: call(failWith, 'no start') })
    const limiter = new CapacityLimiter(1)
    for (let n = 0; n < 3; n++) {
      await assert.rejects(scope(s => limiter.hold(() => s.on(broken).run(failWith, 'ran'), s)))
      assert.equal(limiter.borrowed, 0)
    }
  })

  test('54: a loop in a thread sees at its checkpoint that the scope on the other side was cancelled', async () => {
    const { buffer, at } = memory()
    const polite = open({ workers: 1, grace: '1h' })
    const error = await rejection(
      scope(async s => {
        const result = s.on(polite).run(turnRound, buffer, 2 ** 31)
        await until(() => at(running) === 1)
        s.cancel('asked')
        await result
      }),
    )
    assert.ok(error instanceof CancelledError)
    assert.deepEqual([error.reason, error.ended, at(running)], ['asked', 'cooperative', 0])
  })

  test('54: what a thread asks for is done in the task that started it, which may use threads again', async () => {
    const language = scopeKey<string>('language')
    const limiter = new CapacityLimiter(1)
    const asking = open({ workers: 1, limiter })
    // With the limiter whose token the asking call has, it would wait for ever.
    const answering = open({ workers: 1, limiter: new CapacityLimiter(1) })
    const answers: unknown[] = []
    const error = await rejection(
      scope(s =>
        s.with(language, 'en', async s => {
          for await (const question of s.on(asking).stream(ask)) {
            assert.equal(limiter.borrowed, 1)
            answers.push([s.get(language), await s.on(answering).run(double, question)])
            if (question === 2) s.cancel('enough')
          }
        }),
      ),
    )
    assert.ok(error instanceof CancelledError)
    assert.deepEqual(answers, [
      ['en', 2],
      ['en', 4],
    ])
    assert.equal(limiter.borrowed, 0)
  })

  test('60: ten thousand values of a thread come in order, none is lost, the loop is not starved, and its error comes once', async () => {
    let loopTurns = 0
    let over = false
    const turn = (): void => {
      loopTurns++
      if (!over) setImmediate(turn)
    }
    setImmediate(turn)
    const seen: number[] = []
    const errors: unknown[] = []
    try {
      for await (const value of pool.stream(countUp, 10_000)) seen.push(value)
    } catch (error) {
      errors.push(error)
    }
    over = true
    assert.equal(seen.length, 10_000)
    assert.ok(seen.every((value, at) => value === at))
    assert.ok(loopTurns > 5, `${loopTurns} turns`)
    assert.ok(errors.length === 1 && errors[0] instanceof RangeError)
  })
})
