import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, loop, scope, task } from 'skein'
import type { CallOptions, Executor } from 'skein'

const double = task(import.meta, function double(n: number) {
  return n * 2
})

describe('the options of a call', () => {
  test('name what was given with the article that it has', () => {
    const options = { signal: new AbortController() } as unknown as CallOptions
    assert.throws(() => call(double, 1).with(options), /got an AbortController/)
  })

  test('are kept with every length of time in milliseconds', () => {
    const eta = new Date(0)
    const { options } = call(double, 1)
      .with({ timeout: '2s', retries: { times: 1, backoff: '1m', maxBackoff: '1h', jitter: 0 }, priority: 2 })
      .with({ expires: '1.5h', deadline: '1d', grace: 250, limit: { key: 'a', rate: { count: 2, per: '1s' } } })
      .with({ eta, timeout: Infinity })
    assert.deepEqual(options, {
      timeout: Infinity,
      retries: { times: 1, backoff: 60_000, maxBackoff: 3_600_000, jitter: 0 },
      priority: 2,
      expires: 5_400_000,
      deadline: 86_400_000,
      grace: 250,
      limit: { key: 'a', rate: { count: 2, per: 1_000 } },
      eta,
    })
    assert.equal(call(double, 1).with({ delay: '10ms' }).options.delay, 10)
  })

  test('a policy for retries that does not say how many means as many as those of retry', () => {
    assert.deepEqual(call(double, 1).with({ retries: { backoff: 10 } }).options.retries, { times: 3, backoff: 10 })
    assert.equal(call(double, 1).with({ retries: Infinity }).options.retries, Infinity)
    for (const retries of [-1, 1.5, NaN, { times: -1 }, { times: NaN }]) {
      assert.throws(() => call(double, 1).with({ retries }), { code: 'SKEIN_INVALID_ARGUMENT', message: /retries/ })
    }
  })

  test('stay what they were when the object that they came in changes', () => {
    const retries = { times: 1, backoff: 10 }
    const made = call(double, 1).with({ retries })
    retries.backoff = -1
    assert.deepEqual(made.options.retries, { times: 1, backoff: 10 })
  })
})

describe('what is no task or executor', () => {
  test('a call in the place of a task is told as such', () => {
    assert.throws(() => loop.map(call(double, 1) as never, [1]), /got a call of task double: pass the task itself/)
  })

  test('anything else is described', () => {
    assert.throws(() => call({} as never), /Expected a task, got an Object/)
    assert.throws(() => call((() => 1) as never), /got the plain function 'anonymous'/)
    assert.throws(() => call(undefined as never), /got undefined/)
  })

  test('a scope is lent to an executor and to nothing else', async () => {
    const wrong = scope(s => s.on('threads' as unknown as Executor).run(double, 1))
    await assert.rejects(wrong, { code: 'SKEIN_INVALID_ARGUMENT', message: /s\.on needs an executor, got 'threads'/ })
  })
})
