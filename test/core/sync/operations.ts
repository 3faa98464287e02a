import assert from 'node:assert/strict'
import {
  Barrier,
  CapacityLimiter,
  channel,
  Condition,
  Event,
  Gate,
  Lock,
  type Owner,
  Queue,
  RLock,
  RWLock,
  type Scope,
  Semaphore,
} from 'skein'

/** One blocking operation, in a state where it has to wait. */
export interface Situation {
  /** Begins to wait, on behalf of the owner. */
  wait(owner?: Owner): Promise<unknown>
  /** Lets exactly one waiter go on. */
  release(): void
  /** Fails unless everything is as if nobody had ever waited: what could be had before can be had now. */
  untouched(): void
}

/** `other` is the scope that holds what the operation has to wait for. */
export const situations: Readonly<Record<string, (other: Scope) => Promise<Situation>>> = {
  'Lock.acquire': async other => {
    const lock = new Lock()
    await lock.acquire(other)
    return {
      wait: owner => lock.acquire(owner),
      release: () => lock.release(other),
      untouched: () => assert.deepEqual(lock.stats(), { held: true, owner: other.title, waiting: 0 }),
    }
  },
  'RLock.acquire': async other => {
    const lock = new RLock()
    await lock.acquire(other)
    return {
      wait: owner => lock.acquire(owner),
      release: () => lock.release(other),
      untouched: () => assert.deepEqual(lock.stats(), { held: true, owner: other.title, waiting: 0 }),
    }
  },
  'RWLock.read.acquire': async other => {
    const lock = new RWLock()
    await lock.write.acquire(other)
    return {
      wait: owner => lock.read.acquire(owner),
      release: () => lock.write.release(other),
      untouched: () => {
        const { readers, writing, waitingReaders, waitingWriters } = lock.stats()
        assert.deepEqual([readers, writing, waitingReaders, waitingWriters], [0, true, 0, 0])
      },
    }
  },
  'RWLock.write.acquire': async other => {
    const lock = new RWLock()
    await lock.read.acquire(other)
    return {
      wait: owner => lock.write.acquire(owner),
      release: () => lock.read.release(other),
      untouched: () => {
        const { readers, writing, waitingReaders, waitingWriters } = lock.stats()
        assert.deepEqual([readers, writing, waitingReaders, waitingWriters], [1, false, 0, 0])
      },
    }
  },
  'Semaphore.acquire': async () => {
    const semaphore = new Semaphore(0, { max: 1 })
    return {
      wait: owner => semaphore.acquire(owner),
      release: () => semaphore.release(),
      untouched: () => assert.deepEqual(semaphore.stats(), { value: 0, waiting: 0 }),
    }
  },
  'CapacityLimiter.acquire': async other => {
    const limiter = new CapacityLimiter(1)
    await limiter.acquire(other)
    return {
      wait: owner => limiter.acquireFor({}, owner),
      release: () => limiter.release(other),
      untouched: () => {
        const { borrowed, waiting, borrowers } = limiter.stats()
        assert.deepEqual([borrowed, waiting, borrowers], [1, 0, [other.title]])
      },
    }
  },
  'Event.wait': async () => {
    const event = new Event()
    return {
      wait: owner => event.wait(owner),
      release: () => event.set(),
      untouched: () => assert.deepEqual([event.isSet, event.stats()], [false, { waiting: 0 }]),
    }
  },
  'Gate.pass': async () => {
    const gate = new Gate()
    return {
      wait: owner => gate.pass(owner),
      release: () => gate.open(),
      untouched: () => assert.deepEqual([gate.isOpen, gate.stats()], [false, { waiting: 0 }]),
    }
  },
  'Barrier.wait': async () => {
    const barrier = new Barrier(2)
    return {
      wait: owner => barrier.wait(owner),
      release: () => assert.equal(barrier.tryWait(), 1),
      untouched: () => assert.deepEqual(barrier.stats(), { parties: 2, waiting: 0, broken: false }),
    }
  },
  'Condition.wait': async () => {
    const condition = new Condition()
    return {
      wait: async owner => {
        await condition.lock.acquire(owner)
        try {
          await condition.wait(owner)
        } finally {
          assert.ok(condition.lock.held)
          condition.lock.release(owner)
        }
      },
      release: () => {
        assert.ok(condition.lock.tryAcquire())
        condition.notify()
        condition.lock.release()
      },
      untouched: () => assert.deepEqual(condition.stats(), { waiting: 0, held: false }),
    }
  },
  'Queue.put': async () => {
    const queue = new Queue<string>({ capacity: 1 })
    queue.tryPut('first')
    return {
      wait: owner => queue.put('second', owner),
      release: () => assert.equal(queue.tryGet(), 'first'),
      untouched: () => {
        const { size, waitingPuts, unfinished } = queue.stats()
        assert.deepEqual([size, waitingPuts, unfinished], [1, 0, 1])
      },
    }
  },
  'Queue.get': async () => {
    const queue = new Queue<string>()
    return {
      wait: owner => queue.get(owner),
      release: () => queue.tryPut('item'),
      untouched: () => {
        const { size, waitingGets } = queue.stats()
        assert.deepEqual([size, waitingGets], [0, 0])
      },
    }
  },
  'Queue.join': async () => {
    const queue = new Queue<string>()
    queue.tryPut('item')
    return {
      wait: owner => queue.join(owner),
      release: () => queue.taskDone(),
      untouched: () => assert.equal(queue.stats().unfinished, 1),
    }
  },
  'Sender.send, rendezvous': async () => sendSituation(0),
  'Sender.send, full': async () => sendSituation(1),
  'Receiver.receive': async () => {
    const [sender, receiver] = channel<string>()
    return {
      wait: owner => receiver.receive(owner),
      release: () => assert.equal(sender.trySend('value'), true),
      untouched: () => {
        const { buffered, waitingReceives } = receiver.stats()
        assert.deepEqual([buffered, waitingReceives], [0, 0])
        assert.equal(sender.trySend('value'), false)
      },
    }
  },
}

function sendSituation(capacity: number): Situation {
  const [sender, receiver] = channel<string>({ capacity })
  for (let i = 0; i < capacity; i++) sender.trySend('first')
  return {
    wait: owner => sender.send('second', owner),
    release: () => assert.notEqual(receiver.tryReceive(), undefined),
    untouched: () => {
      const { buffered, waitingSends } = sender.stats()
      assert.deepEqual([buffered, waitingSends], [capacity, 0])
    },
  }
}
