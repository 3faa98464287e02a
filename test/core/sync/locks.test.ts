import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BrokenError,
  BusyError,
  current,
  errorsOf,
  InvalidArgumentError,
  Lock,
  MisuseError,
  openScope,
  ResourceGuard,
  RLock,
  RWLock,
  type Scope,
  scope,
  Semaphore,
} from 'skein'
import { deferred, rejection, settled } from '../deferred.ts'
import { spawnInTurn } from '../scope/in-turn.ts'

const misuse = (text: RegExp) => (error: unknown) =>
  error instanceof MisuseError && error.code === 'SKEIN_MISUSE' && text.test(error.message)

describe('Lock', () => {
  test('33: a release by somebody else is an error that says what to write, and changes nothing', async () => {
    const lock = new Lock({ name: 'db' })
    await scope(
      async s => {
        await lock.acquire(s)
        assert.throws(() => lock.release(), misuse(/lock 'db' is held by scope holder.*lock\.release\(s\)/s))
        await s.spawn(s => assert.throws(() => lock.release(s), misuse(/task other/)), { name: 'other' }).result()
        assert.deepEqual(lock.stats(), { held: true, owner: 'scope holder', waiting: 0 })
        lock.release(s)
        assert.throws(() => lock.release(s), misuse(/nobody holds it/))
      },
      { name: 'holder' },
    )
  })

  test('33: a second acquire by the owner is an error, with all three ways to ask', async () => {
    const lock = new Lock()
    await scope(async s => {
      await lock.acquire(s)
      await assert.rejects(lock.acquire(s), misuse(/holds already.*RLock/s))
      await assert.rejects(
        lock.hold(() => 1, s),
        misuse(/holds already/),
      )
      assert.throws(() => lock.tryAcquire(s), misuse(/holds already/))
      lock.release(s)
      assert.equal(lock.held, false)
    })
  })

  test('the current scope is the owner where none is given, and release finds it there too', async () => {
    const lock = new Lock()
    await scope(async s => {
      assert.equal(lock.tryAcquire(), true)
      assert.equal(lock.stats().owner, s.title)
      lock.release()
      const acquired = lock.acquire()
      assert.equal(lock.stats().owner, s.title)
      await acquired
      lock.release(s)
    })
  })

  test('without a scope has an anonymous owner: anybody without a scope releases it', async () => {
    const lock = new Lock()
    await lock.acquire()
    assert.deepEqual(lock.stats(), { held: true, owner: undefined, waiting: 0 })
    assert.equal(lock.tryAcquire(), false)
    await scope(async s => assert.throws(() => lock.release(s), misuse(/acquired without a scope/)))
    lock.release()
    assert.equal(lock.held, false)
  })

  test('35: whose owner ended without releasing is broken for those who wait and those who come', async () => {
    const lock = new Lock({ name: 'db' })
    const broken = (error: unknown): boolean =>
      error instanceof BrokenError && /lock 'db' is broken: task forgetful ended without/.test(error.message)
    await scope(async s => {
      const end = deferred()
      const forgetful = s.spawn(async s => (await lock.acquire(s), end.promise), { name: 'forgetful' })
      await settled()
      const waiting = s.spawn(s => rejection(lock.acquire(s)))
      const alsoWaiting = s.spawn(s => rejection(lock.hold(() => assert.fail('ran'), s)))
      await settled()
      assert.equal(lock.stats().waiting, 2)
      end.resolve()
      await forgetful.result()
      assert.ok(broken(await waiting.result()))
      assert.ok(broken(await alsoWaiting.result()))
      await assert.rejects(lock.acquire(s), broken)
      assert.throws(() => lock.tryAcquire(s), broken)
      assert.throws(() => lock.release(s), misuse(/nobody holds it.*is broken/))
    })
  })

  test('35: whose holder ended while its block still ran is broken, and the block ends as it would', async () => {
    const lock = new Lock()
    const gate = deferred()
    const s = openScope()
    const block = lock.hold(() => gate.promise.then(() => 'done'), s)
    await settled()
    await s[Symbol.asyncDispose]()
    await assert.rejects(lock.acquire(), BrokenError)
    gate.resolve()
    assert.equal(await block, 'done')
  })

  test('hold makes its owner the current scope, also when it had to wait', async () => {
    const lock = new Lock()
    await scope(async s => {
      const first = s.spawn(s => lock.hold(() => s.sleep(0), s))
      const second = s.spawn(s => lock.hold(() => assert.equal(current(), s), s))
      await Promise.all([first.result(), second.result()])
    })
  })

  test('hold tells of a release inside its block', async () => {
    const lock = new Lock()
    await scope(async s => {
      await assert.rejects(
        lock.hold(() => lock.release(s), s),
        misuse(/releases it by itself/),
      )
    })
  })

  test('says who holds it, for the search of cycles and the dump', async () => {
    const lock = new Lock({ name: 'db' })
    await scope(
      async s => {
        await lock.acquire(s)
        assert.equal(lock.describe(), "lock 'db', held by scope writer")
        assert.equal(lock.holder(), s)
        lock.release(s)
        assert.equal(lock.describe(), "lock 'db'")
        assert.equal(lock.holder(), undefined)
      },
      { name: 'writer' },
    )
  })

  test('refuses options that nobody knows and names that are none', () => {
    assert.throws(() => new Lock({ nam: 'x' } as never), InvalidArgumentError)
    assert.throws(() => new Lock({ name: 5 } as never), InvalidArgumentError)
  })
})

describe('RLock', () => {
  test('lets its owner in again, and is free when released as often', async () => {
    const lock = new RLock()
    await scope(async s => {
      await lock.acquire(s)
      await lock.hold(async () => {
        assert.equal(lock.depth, 2)
        assert.equal(lock.tryAcquire(s), true)
        assert.equal(lock.depth, 3)
        lock.release(s)
      }, s)
      assert.equal(lock.depth, 1)
      const other = s.spawn(s => lock.tryAcquire(s))
      assert.equal(await other.result(), false)
      lock.release(s)
      assert.equal(lock.depth, 0)
      assert.throws(() => lock.release(s), misuse(/nobody holds it/))
    })
  })

  test('counts a nested scope of the same task as the owner, and a spawned task as somebody else', async () => {
    const lock = new RLock()
    await scope(async s => {
      await lock.acquire(s)
      await s.scope(async inner => {
        await lock.acquire(inner)
        assert.equal(lock.depth, 2)
        lock.release(inner)
        assert.equal(await inner.spawn(child => lock.tryAcquire(child)).result(), false)
      })
      lock.release(s)
    })
  })

  test('needs a scope', async () => {
    const lock = new RLock()
    await assert.rejects(lock.acquire(), misuse(/without a scope/))
    await assert.rejects(lock.acquire(new AbortController().signal), misuse(/without a scope/))
  })
})

describe('RWLock', () => {
  test('lets many read at once, and a writer only alone', async () => {
    const lock = new RWLock()
    let readers = 0
    let most = 0
    let writing = false
    const write = async (s: Scope): Promise<void> => {
      assert.equal(readers, 0)
      assert.equal(writing, false)
      writing = true
      await s.sleep(0)
      writing = false
    }
    const read = async (s: Scope): Promise<void> => {
      assert.equal(writing, false)
      most = Math.max(most, ++readers)
      await s.sleep(0)
      readers--
    }
    await scope(async s => {
      await lock.write.acquire(s)
      await spawnInTurn(s, 12, (s, index) =>
        index % 4 === 3 ? lock.write.hold(() => write(s), s) : lock.read.hold(() => read(s), s),
      )
      lock.write.release(s)
    })
    assert.equal(most, 3)
  })

  test('38: a writer does not starve: readers that come after it wait behind it', async () => {
    const lock = new RWLock()
    const order: string[] = []
    await scope(async s => {
      await lock.read.acquire(s)
      s.spawn(s => lock.write.hold(() => void order.push('writer'), s))
      await settled()
      s.spawn(s => lock.read.hold(() => void order.push('reader'), s))
      await settled()
      assert.equal(await s.spawn(s => lock.read.tryAcquire(s)).result(), false)
      assert.deepEqual(lock.stats(), {
        readers: 1,
        writing: false,
        owners: [s.title],
        waitingReaders: 1,
        waitingWriters: 1,
      })
      lock.read.release(s)
    })
    assert.deepEqual(order, ['writer', 'reader'])
  })

  test('34: readers behind a writer that gives up go on at once', async () => {
    const lock = new RWLock()
    await scope(async s => {
      await lock.read.acquire(s)
      const writer = s.spawn(s => lock.write.acquire(s))
      await settled()
      const reader = s.spawn(s => lock.read.hold(() => 'read', s))
      await settled()
      await writer.cancel()
      assert.equal(await reader.result(), 'read')
      lock.read.release(s)
    })
  })

  test('38: nobody may ask again for what they hold, to read or to write', async () => {
    const lock = new RWLock()
    await scope(async s => {
      await lock.read.acquire(s)
      await assert.rejects(lock.read.acquire(s), misuse(/in already to read/))
      await assert.rejects(lock.write.acquire(s), misuse(/in already to read/))
      lock.read.release(s)
      assert.throws(() => lock.read.release(s), misuse(/not in to read/))
      await lock.write.acquire(s)
      assert.throws(() => lock.read.release(s), misuse(/not in to read/))
      assert.throws(() => lock.write.release(), misuse(/did not say who/))
      lock.write.release(s)
    })
  })

  test('35: a holder that ends without releasing breaks it', async () => {
    const lock = new RWLock({ name: 'settings' })
    await scope(async s => {
      await s.spawn(s => lock.read.acquire(s), { name: 'forgetful' }).result()
      await assert.rejects(lock.write.acquire(s), /rwlock 'settings' is broken: task forgetful ended/)
    })
  })
})

describe('Semaphore', () => {
  test('33: released too often is an error, and changes nothing', async () => {
    const semaphore = new Semaphore(1)
    assert.throws(() => semaphore.release(), misuse(/more often than it was acquired/))
    assert.equal(semaphore.value, 1)
    assert.equal(semaphore.tryAcquire(), true)
    assert.throws(() => semaphore.release(2), misuse(/once more often/))
    assert.equal(semaphore.value, 0)
    semaphore.release()
    const growing = new Semaphore(0, { max: Infinity })
    growing.release(3)
    assert.equal(growing.value, 3)
  })

  test('release(n) lets exactly n in', async () => {
    const semaphore = new Semaphore(0, { max: 5 })
    await scope(async s => {
      let inside = 0
      const jobs = await spawnInTurn(s, 3, async s => (await semaphore.acquire(s), inside++))
      semaphore.release(2)
      await settled()
      assert.equal(inside, 2)
      assert.deepEqual(semaphore.stats(), { value: 0, waiting: 1 })
      await jobs[2]?.cancel()
      semaphore.release()
      assert.equal(semaphore.value, 1)
    })
  })

  test('refuses a number that is none', () => {
    for (const wrong of [-1, 1.5, NaN, '1']) assert.throws(() => new Semaphore(wrong as number), InvalidArgumentError)
    assert.throws(() => new Semaphore(2, { max: 1 }), InvalidArgumentError)
  })
})

describe('ResourceGuard', () => {
  test('fails at once for a second user, and serves the next after the first', async () => {
    const guard = new ResourceGuard({ name: 'socket' })
    const gate = deferred()
    const first = guard.hold(() => gate.promise)
    assert.equal(guard.busy, true)
    await assert.rejects(
      guard.hold(() => assert.fail('ran')),
      (error: unknown) => error instanceof BusyError && /resource 'socket'/.test(error.message),
    )
    gate.resolve()
    await first
    assert.equal(await guard.hold(() => 2), 2)
  })
})

describe('a block that fails and has been left already', () => {
  for (const [name, make] of Object.entries({
    Lock: () => new Lock(),
    RLock: () => new RLock(),
    'the read side of RWLock': () => new RWLock().read,
    'the write side of RWLock': () => new RWLock().write,
    Semaphore: () => {
      const one = new Semaphore(1, { max: 1 })
      return { hold: one.hold.bind(one) as typeof one.hold, release: () => one.release() }
    },
  })) {
    test(`of ${name} throws its own error, and tells of the misuse beside it`, async () => {
      const door = make()
      await scope(async s => {
        const own = new Error('its own')
        const thrown = await rejection(
          door.hold(() => {
            door.release(s)
            throw own
          }, s),
        )
        assert.equal(thrown, own)
        assert.deepEqual(
          errorsOf(thrown).map(each => (each as { code?: string }).code),
          [undefined, 'SKEIN_MISUSE'],
        )
        await assert.rejects(
          door.hold(() => door.release(s), s),
          { code: 'SKEIN_MISUSE' },
        )
        assert.equal(await door.hold(() => 'in', s), 'in')
      })
    })
  }
})
