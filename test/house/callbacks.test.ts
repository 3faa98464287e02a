import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import {
  Barrier,
  CircuitBreaker,
  current,
  every,
  instrument,
  loop,
  Queue,
  registerClass,
  retry,
  scope,
  sleep,
  supervise,
  task,
  call,
} from 'skein'
import { compare } from 'skein/advisor'
import { onShutdown } from 'skein/lowlevel'
import { virtualClock } from 'skein/testing'
import { announceShutdown } from '#skein/core/program/shutdown.js'
import { sourceFiles } from '../support/sources.ts'

/** What every callback does here. */
const oops = (): never => {
  throw new Error('oops')
}
/** The failure of the work itself, which must be what is seen. */
const fails = (): never => {
  throw new Error('as meant')
}
const meant = { message: 'as meant' }

const same = task(import.meta, (n: number) => n, { name: 'callbacks.same' })
const failing = task(import.meta, fails, { name: 'callbacks.failing' })

const undoes = task(
  import.meta,
  async () => {
    await current().step('a', () => 1, { undo: oops })
    fails()
  },
  { name: 'callbacks.undoes' },
)

class Odd {
  readonly value = 1
}
registerClass(Odd, { name: 'callbacks.Odd', encode: oops, decode: oops })

/** Each public callback, and what must be as if it had not thrown. */
const callbacks: Readonly<Record<string, () => Promise<void>>> = {
  'RetryPolicy.retryIf': async () => {
    await assert.rejects(retry(fails, { retryIf: oops, times: 3 }), meant)
    await assert.rejects(loop.run(call(failing).with({ retries: { times: 3, retryIf: oops } })), meant)
  },
  'RetryOptions.onRetry': async () => {
    let runs = 0
    await assert.rejects(
      retry(
        () => {
          runs++
          fails()
        },
        { onRetry: oops, times: 2, backoff: 0 },
      ),
      meant,
    )
    assert.equal(runs, 3)
  },
  'StepOptions.undo': async () => {
    await assert.rejects(loop.run(undoes), meant)
  },
  'Backoff.backoff': async () => {
    using _clock = virtualClock({ autojump: true })
    await assert.rejects(retry(fails, { backoff: oops, times: 2 }), meant)
  },
  'SuperviseOptions.onRestart': async () => {
    await assert.rejects(supervise(fails, { onRestart: oops, restarts: 2, backoff: 0 }), {
      code: 'SKEIN_RESTART_LIMIT',
    })
  },
  'EveryOptions.onError': async () => {
    using _clock = virtualClock({ autojump: true })
    const { runs, failed } = await every('1s', fails, { onError: oops, times: 3 })
    assert.deepEqual([runs, failed], [3, 3])
  },
  'BarrierOptions.action': async () => {
    const barrier = new Barrier(1, { action: oops })
    await assert.rejects(barrier.wait(), /oops/)
    barrier.reset()
    await assert.rejects(barrier.wait(), /oops/)
  },
  'CircuitBreakerOptions.coolDown': async () => {
    using clock = virtualClock()
    const breaker = new CircuitBreaker({ consecutive: 1, coolDown: oops })
    await assert.rejects(breaker.run(fails), meant)
    assert.equal(breaker.state, 'open')
    await clock.advance('1s')
    assert.equal(await breaker.run(() => 'up'), 'up')
  },
  'CircuitBreakerOptions.counts': async () => {
    using clock = virtualClock()
    const breaker = new CircuitBreaker({ consecutive: 1, coolDown: '1s', counts: oops })
    await assert.rejects(breaker.run(fails), meant)
    assert.equal(breaker.state, 'open')
    await clock.advance('1s')
    // The trial fails, and its place is free for the next one.
    await assert.rejects(breaker.run(fails), meant)
    await clock.advance('1s')
    assert.equal(await breaker.run(() => 'well'), 'well')
    assert.equal(breaker.state, 'closed')
  },
  'CircuitBreakerOptions.onChange': async () => {
    const breaker = new CircuitBreaker({ consecutive: 1, onChange: oops })
    await assert.rejects(breaker.run(fails), meant)
    assert.equal(breaker.state, 'open')
  },
  'QueueOptions.priority': async () => {
    const queue = new Queue<number>({ order: 'priority', priority: n => (n < 0 ? oops() : n) })
    assert.throws(() => queue.tryPut(-1), { message: 'oops' })
    await assert.rejects(async () => queue.put(-1), { message: 'oops' })
    queue.tryPut(2)
    assert.deepEqual([queue.size, await queue.get()], [1, 2])
  },
  'CompareOptions.onProgress': async () => {
    const { places } = await compare(same, [1], { places: ['sequential'], budget: 20, rounds: 1, onProgress: oops })
    assert.equal(places.length, 1)
  },
  'ClassOptions.encode': async () => {
    const takes = task(import.meta, (odd: Odd) => odd.value, { name: 'callbacks.takes' })
    assert.equal(await loop.run(takes, new Odd()), 1)
  },
  'wait.onCancel (of a scope that is cancelled already)': async () => {
    const waits = scope(async s => {
      s.cancel('enough')
      await s.wait(new Promise(() => {}), { onCancel: oops })
    })
    await assert.rejects(waits, { code: 'SKEIN_CANCELLED' })
  },
  'wait.onCancel': async () => {
    // To clean up is part of the work: that it failed is a failure of the scope.
    let failures: readonly unknown[] = []
    await scope(async s => {
      s.spawn(() => s.cancel('enough'))
      await s.wait(new Promise(() => {}), { onCancel: oops }).finally(() => (failures = s.failures))
    }).catch(() => {})
    assert.deepEqual(
      failures.map(each => (each as Error).message),
      ['oops'],
    )
  },
  'Instrument.*': async () => {
    const remove = instrument({ spawned: oops, scheduled: oops, beforeStep: oops, afterStep: oops, exited: oops })
    assert.equal(await scope(s => s.spawn(() => sleep(0, s).then(() => 'done')).result()), 'done')
    remove()
  },
  'observe(listener)': async () => {
    const executor = loop({})
    executor.observe(oops)
    assert.equal(await executor.run(same, 1), 1)
    await executor.close()
  },
  'onShutdown(listener)': async () => {
    let heard = 0
    const removes = [onShutdown(oops), onShutdown(() => heard++)]
    announceShutdown({ source: 'shutdown' }, 1_000)
    for (const remove of removes) remove()
    assert.equal(heard, 1)
  },
}

/** Those that are tried elsewhere: the conformance suite has them on every executor, the tests of the worker on a queue. */
const elsewhere: ReadonlySet<string> = new Set([
  'TaskOptions.retryIf',
  'ClassOptions.decode',
  // Lists of tasks: what those throw is their failure.
  'WorkOptions.tasks',
  'TestQueueOptions.tasks',
])
/** Interfaces that are no options of users. */
const inner: RegExp = /^(?:ScopeInit|ContestOptions|PacerOptions|DispatchOptions|Host|Armed|KnownTask|TaskDefinition)$/

/** The functions among public options, as `RetryOptions.onRetry`. */
function callbackFields(): string[] {
  const found: string[] = []
  for (const { path, text } of sourceFiles('src', '.ts')) {
    if (!/^src\/(?:core|call|advisor|queue|loop|testing)\//.test(path)) continue
    let name: string | undefined
    for (const line of text.split('\n')) {
      name = /^export interface (\w+(?:Options|Policy)(?:<.*>)?|Backoff)\b/.exec(line)?.[1]?.replace(/<.*/, '') ?? name
      if (line.startsWith('}')) name = undefined
      const [, field, type = ''] = /^ {2}readonly (\w+)\??: (.*)$/.exec(line) ?? []
      if (name === undefined || field === undefined || inner.test(name)) continue
      if (type.includes('=>') || type.includes('Function')) found.push(`${name}.${field}`)
    }
  }
  return found
}

describe('a callback that throws', () => {
  // Each of them is told as a warning, which is not to be read here.
  before(() => void process.removeAllListeners('warning'))

  test('is tried out for every option that is a function', () => {
    assert.deepEqual(
      callbackFields().filter(field => !(field in callbacks) && !elsewhere.has(field)),
      [],
      'Add the option to this file.',
    )
  })

  for (const [name, use] of Object.entries(callbacks)) {
    test(`changes no outcome, hides no error and leaves nothing stuck: ${name}`, async () => {
      await use()
    })
  }
})
