import { encode, newEncoding } from '#skein/call/codec/codec.js'
import { writeJson } from '#skein/celery/write-json.js'
import { brandOf } from '#skein/core/brand.js'
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import * as skein from 'skein'
import * as lowlevel from 'skein/lowlevel'
import { connect, work } from 'skein/queue'
import { memoryStore } from 'skein/stores/memory'
import * as testing from 'skein/testing'

const { call, channel, loop, openScope, put, signals, task } = skein
const same = task(import.meta, (value: unknown) => value, { name: 'same' })

const block = openScope()
const job = block.spawn(() => 1)
const [sender, receiver] = channel<number>()
const lock = new skein.Lock()
const rwLock = new skein.RWLock()
const queue = await connect('memory:handles')
const store = memoryStore()
const worker = await work({ store: 'memory:handles', tasks: [same], on: 'loop' })
const received = signals(['SIGUSR2'])
const bench = await testing.testQueue({ tasks: [same] })

/** What belongs to this thread, each with what is said of it. */
const handles: readonly (readonly [string, object, RegExp])[] = [
  ['a scope', block, /is a Scope.*current\(\)/],
  ['a job', job, /is a Job.*job\.result\(\)/],
  ['a job of a queue', await queue.submit(same, 1), /is a Job/],
  ['a call where it is not run', call(same, 1), /is a Call/],
  ['the handle of a value that was put, where nobody puts it in', put([1]), /was put/],
  ['the event loop', loop, /is an Executor/],
  ['an executor', loop({ concurrency: 1 }), /is an Executor/],
  ['an executor that a scope has borrowed', block.on(loop), /is an Executor/],
  ['a durable queue', queue, /is an Executor/],
  ['a worker of a queue', worker, /is an instance of QueueWorker/],
  ['a store', store, /is an instance of Store/],
  ['a lock', lock, /is an instance of Lock, which cannot.*It belongs to the thread that made it: use it here/],
  ['a lock that its owner may take again', new skein.RLock(), /of RLock/],
  ['a lock for readers and writers', rwLock, /of RWLock/],
  ['a side of one', rwLock.read, /of LockSide/],
  ['a semaphore', new skein.Semaphore(1), /of Semaphore/],
  ['a limiter', new skein.CapacityLimiter(1), /of CapacityLimiter/],
  ['an event', new skein.Event(), /of Event/],
  ['a gate', new skein.Gate(), /of Gate/],
  ['a condition', new skein.Condition(lock), /of Condition/],
  ['a barrier', new skein.Barrier(2), /of Barrier/],
  ['a queue', new skein.Queue(), /of Queue.*executor\.stream/],
  ['a sender', sender, /of Sender.*executor\.stream/],
  ['a receiver', receiver, /of Receiver/],
  ['a guard', new skein.ResourceGuard(), /of ResourceGuard/],
  ['a rate limiter', new skein.RateLimiter({ limit: 1, per: '1s' }), /of RateLimiter/],
  ['a circuit breaker', new skein.CircuitBreaker({ consecutive: 1 }), /of CircuitBreaker/],
  ['a retry budget', new skein.RetryBudget(), /of RetryBudget/],
  ['received signals', received, /of SignalReceiver/],
  ['the results of a map', loop.map(same, [1]), /of MapResults/],
  ['a queue to wait in', new lowlevel.WaitQueue({ describe: () => 'nothing' }), /of WaitQueue/],
  ['a clock for tests', bench.clock, /of VirtualClock/],
  ['a sequencer', new testing.Sequencer(), /of Sequencer/],
  ['a queue for tests', bench, /of TestQueue/],
]

after(async () => {
  await bench.close()
  received.close()
  await worker.close()
  await queue.close()
  await store.close()
  await block[Symbol.asyncDispose]()
})

describe('it is refused, because it belongs to the thread that made it:', () => {
  for (const [name, handle, message] of handles) {
    test(`${name}, on every way and wherever it stands`, () => {
      const ways: readonly ((value: unknown) => unknown)[] = [
        value => encode(value, 'arguments', newEncoding('clone')),
        value => encode(value, 'arguments', newEncoding('threads')),
        value => encode(value, 'arguments', newEncoding('processes')),
        value => writeJson(value, 'arguments'),
      ]
      for (const way of ways) {
        assert.throws(() => way([handle]), { code: 'SKEIN_UNSENDABLE', path: 'arguments[0]', message })
        assert.throws(() => way([1, { deep: new Map([['key', handle]]) }]), {
          code: 'SKEIN_UNSENDABLE',
          path: 'arguments[1].deep.get("key")',
        })
      }
    })
  }

  test('an instance of a class that extends a marked one', () => {
    class Named extends skein.Lock {
      readonly extra = 1
    }
    assert.throws(() => encode([new Named()], 'arguments', newEncoding()), { code: 'SKEIN_UNSENDABLE' })
  })

  test('an instance of each class that the package exports, errors apart: all are marked with their names', () => {
    const classes = Object.entries({ ...skein, ...lowlevel, ...testing }).filter(
      ([, value]) => typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value)),
    ) as [string, { readonly prototype: object }][]
    const unmarked = classes.filter(
      ([name, { prototype }]) => !(prototype instanceof Error) && brandOf(prototype) !== name,
    )
    assert.ok(classes.length > 40)
    assert.deepEqual(
      unmarked.map(([name]) => name),
      [],
    )
  })
})
