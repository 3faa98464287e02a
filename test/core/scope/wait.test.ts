import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CancelledError, type Scope, scope, sleep } from 'skein'
import { deferred, never, rejection, settled } from '../deferred.ts'
import { inVirtualTime } from '../virtual-time.ts'

describe('wait', () => {
  test('gives what the promise gives, and throws what it throws', async () => {
    const error = new Error('foreign')
    await scope(async s => {
      assert.equal(await s.wait(Promise.resolve(1)), 1)
      assert.equal(await rejection(s.wait(Promise.reject(error))), error)
      const thenable: PromiseLike<number> = {
        // oxlint-disable-next-line unicorn/no-thenable
        then: (resolve: unknown) => (resolve as (value: number) => void)(2) as never,
      }
      assert.equal(await s.wait(thenable), 2)
    })
  })

  test('ends at once when the scope is cancelled, calls onCancel, and ignores what comes later', async () => {
    const late = deferred<number>()
    let cancelled = 0
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      const error = await rejection(
        scope(async s => {
          setImmediate(() => s.cancel('enough'))
          await s.wait(late.promise, { onCancel: () => cancelled++ })
        }),
      )
      assert.ok(error instanceof CancelledError)
      assert.equal(cancelled, 1)
      late.reject(new Error('too late'))
      await settled()
      assert.deepEqual(unhandled, [])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  test('on a cancelled scope does not begin, calls onCancel, and consumes the rejection', async () => {
    let cancelled = 0
    await scope(async s => {
      s.cancel()
      const error = await rejection(s.wait(Promise.reject(new Error('foreign')), { onCancel: () => cancelled++ }))
      assert.ok(error instanceof CancelledError)
    })
    assert.equal(cancelled, 1)
  })

  test('does not lose a value that arrived before the cancellation', async () => {
    const foreign = deferred<string>()
    const value = await scope(async s => {
      const waiting = s.wait(foreign.promise)
      foreign.resolve('kept')
      queueMicrotask(() => queueMicrotask(() => s.cancel()))
      return waiting
    })
    assert.equal(value, 'kept')
  })

  test('does not call onCancel when the promise had settled', async () => {
    await scope(async s => {
      await s.wait(Promise.resolve(), { onCancel: () => assert.fail('called') })
      s.cancel()
    })
  })

  test('that nobody awaits is dropped quietly when its scope ends', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      let forgotten: Promise<void> | undefined
      await scope(s => {
        forgotten = s.sleep('1h')
        void s.wait(never())
      })
      await settled()
      assert.deepEqual(unhandled, [])
      assert.equal(((await rejection(forgotten as Promise<void>)) as CancelledError).source, 'scope')
      assert.deepEqual(timers(), [])
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})

describe('own', () => {
  test('makes the scope wait for foreign work and cancel it, once', async () => {
    const work = deferred()
    const causes: unknown[] = []
    let handle: Scope | undefined
    const running = scope(s => {
      handle = s
      s.own(work.promise, cause => causes.push(cause.source))
    })
    let ended = false
    void running.then(() => (ended = true))
    await settled()
    assert.equal(ended, false)
    handle?.cancel()
    handle?.cancel()
    await settled()
    assert.deepEqual(causes, ['explicit'])
    assert.equal(ended, false)
    work.reject(new Error('of whoever holds the promise'))
    await running
  })

  test('in a cancelled scope cancels the work at once', async () => {
    const causes: unknown[] = []
    await scope(s => {
      s.cancel('no')
      const release = s.hold(cause => causes.push(cause.reason))
      release()
      release()
    })
    assert.deepEqual(causes, ['no'])
  })

  test('may pass on a failure as one of the scope', async () => {
    const error = new Error('elsewhere')
    const thrown = await rejection(
      scope(async s => {
        const release = s.hold(() => {})
        setImmediate(() => release({ error }))
        await s.sleep('1h')
      }),
    )
    assert.equal(thrown, error)
  })

  test('reports a cancel function that throws as a failure of the scope', async () => {
    const error = new Error('cannot cancel')
    const thrown = await rejection(
      scope(s => {
        const release = s.hold(() => {
          setImmediate(release)
          throw error
        })
        s.cancel()
      }),
    )
    assert.equal(thrown, error)
  })

  test('in a cancelled scope reports a cancel function that throws, and still waits for the work', async () => {
    const broken = new Error('cannot cancel')
    const gate = deferred()
    let ended = false
    const running = rejection(
      scope(async s => {
        s.cancel()
        s.own(gate.promise, () => {
          throw broken
        })
        const release = s.hold(() => {
          throw broken
        })
        release()
      }),
    ).finally(() => (ended = true))
    await settled()
    assert.equal(ended, false)
    gate.resolve()
    assert.equal(await running, broken)
  })

  test('takes a thenable whose then throws for work that has ended', async () => {
    const odd = {
      // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
      then(): never {
        throw new Error('then')
      },
    }
    assert.equal(
      await scope(s => {
        s.own(odd, () => {})
        return 'ended'
      }),
      'ended',
    )
  })

  test('refuses what is no promise, and what is no function, and holds nothing then', async () => {
    assert.equal(
      await scope(s => {
        assert.throws(() => s.own(undefined as never, () => {}), { code: 'SKEIN_INVALID_ARGUMENT' })
        assert.throws(() => s.own(Promise.resolve(), undefined as never), { code: 'SKEIN_INVALID_ARGUMENT' })
        assert.throws(() => s.hold(undefined as never), { code: 'SKEIN_INVALID_ARGUMENT' })
        return 'ended'
      }),
      'ended',
    )
  })

  test('lets a scope be lent to any place with within', async () => {
    await scope(s => assert.equal(s.on({ within: scope => scope.name }), s.name))
  })
})

describe('sleep', () => {
  test('refuses what is no duration, by name', async () => {
    await scope(async s => {
      for (const wrong of [-1, Number.NaN, 'soon', undefined]) {
        assert.match(((await rejection(s.sleep(wrong as never))) as Error).message, /duration must be a duration/)
        assert.match(((await rejection(sleep(wrong as never))) as Error).message, /duration must be a duration/)
      }
    })
  })

  test('of zero gives the event loop a turn', async () => {
    let turned = false
    setImmediate(() => (turned = true))
    await sleep(0)
    assert.equal(turned, true)
  })

  test(
    'wakes in the order of the durations',
    inVirtualTime(async () => {
      const order: number[] = []
      await scope(s => {
        for (const delay of [30, 1, 15]) s.spawn(s => s.sleep(delay).then(() => order.push(delay)))
      })
      assert.deepEqual(order, [1, 15, 30])
    }),
  )

  test('ends early with a scope or with a signal, and takes its listener along', async () => {
    const controller = new AbortController()
    const { signal } = controller
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args))
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args))
    await sleep(0, signal)
    assert.equal(listeners, 0)
    const sleeping = rejection(sleep('1h', signal))
    controller.abort('why')
    const error = await sleeping
    assert.ok(error instanceof CancelledError)
    assert.equal(error.source, 'signal')
    assert.equal(error.reason, 'why')
    assert.equal(listeners, 0)
    assert.ok((await rejection(sleep('1h', signal))) instanceof CancelledError)
    await scope(async s => {
      setImmediate(() => s.cancel())
      assert.ok((await rejection(sleep('1h', s))) instanceof CancelledError)
    })
    assert.deepEqual(timers(), [])
  })

  test('without a second argument belongs to the current scope where there is one', async () => {
    const error = await rejection(
      scope(s => {
        setImmediate(() => s.cancel('current'))
        return sleep('1h')
      }),
    )
    assert.equal((error as CancelledError).reason, 'current')
  })
})

describe('a scope leaves nothing behind:', () => {
  test('no timer after 10,000 cancelled sleeps', async () => {
    await rejection(
      scope(async s => {
        for (let i = 0; i < 10_000; i++) s.spawn(s => s.sleep('1h'))
        await settled()
        s.cancel()
      }),
    )
    assert.deepEqual(timers(), [])
  })

  test('no timer after 10,000 jobs cancelled one by one', async () => {
    await scope(async s => {
      const jobs = Array.from({ length: 10_000 }, () => s.spawn(s => s.sleep('1h')))
      await settled()
      await Promise.all(jobs.map(job => job.cancel()))
    })
    assert.deepEqual(timers(), [])
  })

  test('no timer of a deadline that was not needed', async () => {
    for (let i = 0; i < 100; i++) await scope(() => i, { timeout: '1h' })
    assert.deepEqual(timers(), [])
  })

  test('no listener on a signal that lives longer', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args))
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args))
    for (let i = 0; i < 100; i++) {
      await scope(() => i, { signal })
      await rejection(scope(() => Promise.reject(new Error('failed')), { signal }))
      await rejection(
        scope(
          async s => {
            s.cancel()
            s.checkpoint()
          },
          { signal },
        ),
      )
    }
    assert.equal(listeners, 0)
  })

  test('nothing of a wait that was broken off in the promise that it waited for', async () => {
    const foreign = never()
    const gone = await breakOff(foreign)
    for (let turn = 0; turn < 50 && gone.deref() !== undefined; turn++) {
      await sleep(0)
      collect?.()
    }
    assert.equal(gone.deref(), undefined)
    assert.ok(foreign instanceof Promise)

    async function breakOff(promise: Promise<unknown>): Promise<WeakRef<object>> {
      const error = await rejection(
        scope(s => {
          const waiting = s.wait(promise)
          s.cancel()
          return waiting
        }),
      )
      return new WeakRef(error as object)
    }
  })

  test('no member of a scope that lives longer', async () => {
    await scope(async s => {
      const baseline = await heapAfter(() => 2_000, s)
      const grown = await heapAfter(() => 20_000, s)
      assert.ok(grown - baseline < 2_000_000, `the heap grew by ${grown - baseline} bytes`)
    })
  })
})

async function heapAfter(count: () => number, s: Scope): Promise<number> {
  for (let i = 0; i < count(); i++) {
    await s.spawn(() => i).result()
    await s.wait(Promise.resolve(i))
    s.hold(() => {})()
  }
  collect?.()
  return process.memoryUsage().heapUsed
}

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (() => void) | undefined

/** The timers that keep the program alive. */
function timers(): string[] {
  return process.getActiveResourcesInfo().filter(kind => kind === 'Timeout')
}
