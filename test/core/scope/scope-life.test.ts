import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import {
  CancelledError,
  detach,
  detached,
  errorsOf,
  failAfter,
  InvalidArgumentError,
  type Job,
  main,
  moveOnAfter,
  openScope,
  rethrowIfCancelled,
  type Scope,
  scope,
  scopeKey,
  splitErrors,
  TimeoutError,
} from 'skein'
import { deferred, never, rejection, settled } from '../deferred.ts'
import { programFolder, runProgram } from '../program.ts'
import { inVirtualTime } from '../virtual-time.ts'

describe('options', () => {
  test('with a key that nobody knows are refused, and so is a wrong value', async () => {
    const noop = (): void => {}
    for (const [use, named] of [
      [
        () => scope(noop, { timout: 5 } as never),
        /Unknown scope option 'timout'\. Did you mean 'timeout'\? Known are: .*timeout/,
      ],
      [() => scope(noop, { parent: 1 } as never), /Unknown scope option 'parent'/],
      [(s: Scope) => s.scope(noop, { onerror: 1 } as never), /Unknown scope option 'onerror'/],
      [(s: Scope) => s.spawn(noop, { nam: 'x' } as never), /Unknown spawn option 'nam'\. Did you mean 'name'\?/],
      [(s: Scope) => s.spawn(noop, { qqqqqqqq: 1 } as never), /Unknown spawn option 'qqqqqqqq'\. Known are: /],
      [(s: Scope) => s.spawn(noop, { service: 1 } as never), /service must be true or false/],
      [(s: Scope) => s.spawnReady(noop, { name: 1 } as never), /name must be a string/],
      [(s: Scope) => s.shield(noop, { timeout: 1, grace: 1 } as never), /Unknown shield option 'grace'/],
      [(s: Scope) => s.cancel('x', { graceMs: 1 } as never), /Unknown cancel option 'graceMs'/],
      [() => openScope({ service: true } as never), /Unknown scope option 'service'/],
      [() => detach(noop, { grace: 1 } as never), /Unknown detach option 'grace'/],
      [() => main(import.meta, noop, { drane: 1 } as never), /Unknown main option 'drane'/],
      [() => scope(noop, { onError: 'wait' } as never), /onError must be 'cancel' or 'collect'/],
      [() => scope(noop, 5 as never), /Expected an object with scope options/],
    ] as const) {
      const error = await rejection(scope(async s => use(s)))
      assert.ok(error instanceof InvalidArgumentError)
      assert.match(error.message, named)
    }
  })
})

describe('a service task', () => {
  test('is cancelled when the body and all ordinary children have ended, and not before', async () => {
    const order: string[] = []
    const gate = deferred()
    await scope(async s => {
      s.spawn(
        async s => {
          const error = await rejection(s.wait(never()))
          assert.ok(error instanceof CancelledError)
          assert.equal(error.source, 'scope')
          order.push('service')
          throw error
        },
        { service: true },
      )
      s.spawn(async s => {
        await s.wait(gate.promise)
        order.push('child')
      })
      await s.sleep(0)
      gate.resolve()
      order.push('body')
    })
    assert.deepEqual(order, ['body', 'child', 'service'])
  })

  test('still serves while the others clean up after a cancel', async () => {
    const order: string[] = []
    const error = await rejection(
      scope(async s => {
        s.spawn(
          async s => {
            await rejection(s.wait(never()))
            order.push('connection closed')
          },
          { service: true },
        )
        s.spawn(async s => {
          await rejection(s.wait(never()))
          await s.shield(s => s.sleep(0), { timeout: '1s' })
          order.push('goodbye sent')
        })
        await s.sleep(0)
        s.cancel()
        s.checkpoint()
      }),
    )
    assert.ok(error instanceof CancelledError)
    assert.deepEqual(order, ['goodbye sent', 'connection closed'])
  })

  test('does not make a scope that was cancelled without notice look cut off', async () => {
    const value = await scope(s => {
      s.spawn(s => s.wait(never()), { service: true })
      s.cancel()
      return 'whole'
    })
    assert.equal(value, 'whole')
  })

  test('is a child like any other where it fails, or starts others', async () => {
    const failure = new Error('service')
    assert.equal(
      await rejection(
        scope(async s => {
          s.spawn(() => Promise.reject(failure), { service: true })
          await s.wait(never())
        }),
      ),
      failure,
    )
    let child = ''
    await scope(s => {
      s.spawn(
        s => {
          s.spawn(async s => {
            child = String(await rejection(s.wait(never())))
          })
        },
        { service: true },
      )
    })
    assert.match(child, /CancelledError/)
  })

  test('may be waited for to be ready', async () => {
    await scope(async s => {
      const value = await s.spawnReady<string>(
        async (s, ready) => {
          ready('up')
          await s.wait(never())
        },
        { service: true },
      )
      assert.equal(value, 'up')
    })
  })
})

describe('join', () => {
  test('waits for all children, those that come meanwhile too, but not for services and open blocks', async () => {
    const order: string[] = []
    await scope(async s => {
      s.spawn(s => s.wait(never()), { service: true })
      const block = openScope({}, s)
      await s.join()
      s.spawn(async () => {
        s.spawn(async s => {
          await s.sleep(0)
          order.push('second')
        })
        order.push('first')
      })
      await s.join()
      order.push('joined')
      await block[Symbol.asyncDispose]()
      await s.join()
    })
    assert.deepEqual(order, ['first', 'second', 'joined'])
  })

  test('is ended by the failure of a child', async () => {
    const failure = new Error('child')
    let woken: unknown
    const error = await rejection(
      scope(async s => {
        s.spawn(() => Promise.reject(failure))
        s.spawn(s => s.wait(never()))
        woken = await rejection(s.join())
        throw woken
      }),
    )
    assert.equal(error, failure)
    assert.ok(woken instanceof CancelledError)
  })
})

describe('a cancel with a grace period', () => {
  test(
    'asks first: stopping and stopSignal say so; what has not ended is cancelled when the grace is over',
    inVirtualTime(async clock => {
      const start = clock.now()
      const seen: unknown[] = []
      const error = await rejection(
        scope(async s => {
          s.spawn(async s => {
            assert.equal(s.stopping, false)
            await new Promise(resolve => s.stopSignal.addEventListener('abort', resolve))
            seen.push(['polite', s.stopping, s.cancelled, clock.now() - start])
          })
          s.spawn(async s => {
            const cancelled = await rejection(s.sleep('1h'))
            seen.push(['deaf', s.stopping, s.cancelled, clock.now() - start])
            throw cancelled
          })
          await s.sleep(0)
          s.cancel('closing time', { grace: '5s' })
          assert.equal(s.cancelled, false)
          assert.ok(s.stopSignal.reason instanceof CancelledError)
          assert.equal(s.stopSignal.reason.reason, 'closing time')
          s.spawn(s => seen.push(['late', s.stopping, s.stopSignal.aborted]))
        }),
      )
      assert.deepEqual(seen, [
        ['polite', true, false, 0],
        ['late', true, true],
        ['deaf', true, true, 5_000],
      ])
      assert.ok(error instanceof CancelledError)
      assert.equal(error.reason, 'closing time')
    }),
  )

  test(
    'can be cut short, not drawn out; all that ends in time leaves no trace',
    inVirtualTime(async clock => {
      const start = clock.now()
      await rejection(
        scope(async s => {
          s.cancel('first', { grace: '1m' })
          s.cancel('longer', { grace: '1h' })
          s.cancel('shorter', { grace: '2s' })
          await s.sleep('1h')
        }),
      )
      assert.equal(clock.now(), start + 2_000)
      await rejection(
        scope(async s => {
          s.cancel('first', { grace: '1m' })
          s.cancel('now')
          await s.sleep('1h')
        }),
      )
      assert.equal(clock.now(), start + 2_000)
      const value = await scope(s => {
        s.cancel('asked', { grace: '1m' })
        return 'in time'
      })
      assert.equal(value, 'in time')
      assert.equal(clock.now(), start + 2_000)
    }),
  )

  test('does not reach into a shield', async () => {
    await scope(async s => {
      await s.shield(
        inner => {
          s.cancel('asked', { grace: '1m' })
          assert.equal(inner.stopping, false)
          assert.equal(inner.stopSignal.aborted, false)
        },
        { timeout: '1s' },
      )
      assert.equal(s.stopping, true)
    })
  })
})

describe('limits of time', () => {
  test('moveOnAfter gives what the body returns, or moves on without an error', async () => {
    assert.equal(await moveOnAfter('1h', () => 1), 1)
    assert.equal(await moveOnAfter(1, s => s.wait(never())), undefined)
    assert.equal(await moveOnAfter(1, s => s.wait(never()), 'otherwise'), 'otherwise')
    const failure = new Error('body')
    assert.equal(await rejection(moveOnAfter('1h', () => Promise.reject(failure))), failure)
  })

  test('moveOnAfter does not move on from a limit further out, nor from a failure that the limit brought about', async () => {
    const outer = await rejection(scope(s => s.moveOnAfter('1h', s => s.wait(never())), { timeout: 1 }))
    assert.ok(outer instanceof TimeoutError)
    const failure = new Error('while it ended')
    const inner = await rejection(
      moveOnAfter(1, async s => {
        await rejection(s.wait(never()))
        throw failure
      }),
    )
    assert.equal(inner, failure)
  })

  test('failAfter throws a TimeoutError with the limit', async () => {
    const error = await rejection(failAfter(3, s => s.wait(never())))
    assert.ok(error instanceof TimeoutError)
    assert.equal(error.timeout, 3)
  })
})

describe('failures', () => {
  test('collected: the others go on, and the scope throws a group at the end', async () => {
    const [a, b] = [new Error('a'), new Error('b')]
    let whole = false
    let error: unknown = await rejection(
      scope(
        s => {
          s.spawn(() => Promise.reject(a))
          s.spawn(async s => {
            await s.sleep(0)
            whole = true
          })
          s.spawn(() => Promise.reject(b))
        },
        { onError: 'collect' },
      ),
    )
    assert.ok(error instanceof AggregateError)
    assert.deepEqual(new Set(error.errors), new Set([a, b]))
    assert.equal(whole, true)
    error = await rejection(scope(s => void s.spawn(() => Promise.reject(a)), { onError: 'collect', errors: 'first' }))
    assert.equal(error, a)
  })

  test('collected: a body that fails still cancels its children', async () => {
    const failure = new Error('body')
    let job: { readonly state: string } | undefined
    await rejection(
      scope(
        async s => {
          job = s.spawn(s => s.wait(never()))
          await s.sleep(0)
          throw failure
        },
        { onError: 'collect' },
      ),
    )
    assert.equal(job?.state, 'cancelled')
  })

  test('that are many are each kept once, without looking through all of them for each', async () => {
    const errors = Array.from({ length: 2_000 }, (_, index) => new Error(String(index)))
    const { includes } = Array.prototype
    let looked = 0
    Array.prototype.includes = function (this: unknown[], ...args): boolean {
      looked += this.length
      return includes.apply(this, args)
    }
    try {
      const error = await rejection(
        scope(
          s => {
            for (const each of [...errors, ...errors]) s.spawn(() => Promise.reject(each))
          },
          { onError: 'collect' },
        ),
      )
      assert.ok(error instanceof AggregateError)
      assert.equal(error.errors.length, errors.length)
      assert.deepEqual(new Set(error.errors), new Set(errors))
      assert.ok(looked < 10 * errors.length, `looked at ${looked} failures`)
    } finally {
      Array.prototype.includes = includes
    }
  })

  test('errorsOf gives the first and those beside it; of anything else, just that', () => {
    const error = new Error('alone')
    assert.deepEqual(errorsOf(error), [error])
    assert.deepEqual(errorsOf('text'), ['text'])
    assert.deepEqual(errorsOf(new AggregateError([error, 1])), [error, 1])
  })

  test('errorsOf tells what failed beside it in a scope further in, and there beside a group', async () => {
    const [first, second, last] = [new Error('first'), new Error('second'), new Error('last')]
    const failAtOnce = (error: Error) => () => {
      throw error
    }
    const failInTheEnd = (error: Error) => async (s: Scope) => {
      await s.sleep('1h').catch(() => {})
      throw error
    }
    const two = (s: Scope, errors: 'first' | 'group'): Promise<void> =>
      s.scope(
        inner => {
          inner.spawn(failAtOnce(first))
          inner.spawn(failInTheEnd(second))
        },
        { errors },
      )
    const around = (errors: 'first' | 'group') =>
      rejection(
        scope(async s => {
          s.spawn(failInTheEnd(last))
          await two(s, errors)
        }),
      )
    assert.deepEqual(errorsOf(await around('first')), [first, second, last])
    const group = await around('group')
    assert.deepEqual(errorsOf(group), [group, last])
    assert.deepEqual((group as AggregateError).errors, [first, second])
    const [all] = splitErrors(group, () => true)
    assert.deepEqual(
      all?.errors.map(each => (each instanceof AggregateError ? each.errors : each)),
      [[first, second], last],
    )
  })

  test('an error that is thrown again and again does not gather what failed beside it at other times', async () => {
    const always = new Error('always the same')
    const throwWith = (...others: Error[]) =>
      rejection(
        scope(s => {
          for (const each of others) {
            s.spawn(async inner => {
              await inner.sleep('1h').catch(() => {})
              throw each
            })
          }
          throw always
        }),
      )
    const [once, again] = [new Error('once'), new Error('again')]
    assert.deepEqual(errorsOf(await throwWith(once)), [always, once])
    assert.deepEqual(errorsOf(await throwWith(again)), [always, again])
    assert.deepEqual(errorsOf(await throwWith()), [always])
  })

  test('splitErrors divides a group, and groups within it', () => {
    const [range, type] = [new RangeError('r'), new TypeError('t')]
    const [yes, no] = splitErrors(
      new AggregateError([range, new AggregateError([type, range], 'inner')], 'outer'),
      error => error instanceof RangeError,
    )
    assert.deepEqual(yes?.errors.length, 2)
    assert.deepEqual(errorsOf(yes?.errors[1]), [range])
    assert.equal(yes?.message, 'outer')
    assert.deepEqual(
      no?.errors.map(error => error.errors),
      [[type]],
    )
    assert.deepEqual(
      splitErrors(range, () => true).map(group => group?.errors),
      [[range], undefined],
    )
  })

  test('rethrowIfCancelled throws what says that the work is to stop, and only that', async () => {
    rethrowIfCancelled(new Error('other'))
    const abort = new DOMException('aborted', 'AbortError')
    rethrowIfCancelled(abort)
    await scope(async s => {
      rethrowIfCancelled(abort, s)
      s.cancel()
      const error = await rejection(s.sleep(0))
      assert.throws(() => rethrowIfCancelled(error), CancelledError)
      assert.throws(() => rethrowIfCancelled(abort, s), { name: 'AbortError' })
      rethrowIfCancelled(new Error('other'), s)
    })
    await scope(
      async s => {
        const error = await rejection(s.wait(never()))
        assert.throws(() => rethrowIfCancelled(error, s), TimeoutError)
        rethrowIfCancelled(new TimeoutError('of something else', { timeout: 7 }), s)
      },
      { timeout: 1 },
    )
  })
})

describe('values carried by scopes', () => {
  const key = scopeKey<string>('request id')

  test('are found by everything within, also through a shield; an inner one covers the outer', async () => {
    await scope(async s => {
      const seen = await s.with(key, 'outer', async s => {
        const inner = await s.with(key, 'inner', s => s.spawn(s => s.get(key)).result())
        const shielded = await s.shield(s => s.get(key), { timeout: '1s' })
        return [s.get(key), inner, shielded]
      })
      assert.deepEqual(seen, ['outer', 'inner', 'outer'])
    })
  })

  test('that nobody carries are the default of the key, or an error that names it', async () => {
    await scope(s => {
      assert.equal(s.get(scopeKey('tenant', 'public')), 'public')
      assert.equal(s.get(scopeKey<string | undefined>('optional', undefined)), undefined)
      assert.throws(() => s.get(key), /carries a value for 'request id'/)
      assert.throws(() => s.get(scopeKey('request id')), InvalidArgumentError)
    })
  })
})

describe('a detached task', () => {
  test('outlives its scope, is listed while it runs, and gives its result', async () => {
    const gate = deferred<string>()
    let job: Job<string> | undefined
    await scope(s => {
      job = detach(s => s.wait(gate.promise), { name: 'audit' })
      s.cancel()
    })
    await settled()
    assert.deepEqual(
      detached().map(each => each.name),
      ['audit'],
    )
    gate.resolve('written')
    assert.equal(await job?.result(), 'written')
    assert.deepEqual(detached(), [])
  })

  test('is cancelled by its job alone', async () => {
    const job = detach(s => s.wait(never()))
    await settled()
    await job.cancel('not needed')
    assert.equal(job.state, 'cancelled')
  })
})

describe('a program', { concurrency: 2 }, () => {
  const folder = programFolder()
  after(folder.remove)

  test('waits for detached tasks at its end, and cancels and names those that take too long', async () => {
    const { code, stdout, stderr } = await runProgram(
      folder.path,
      'detached.mjs',
      `
        import { detach, main } from 'skein'
        await main(import.meta, s => {
          detach(async s => { await s.sleep(20); console.log('audit written') }, { name: 'audit' })
          detach(async s => { try { await s.sleep('1h') } finally { console.log('stopped', s.cause.source) } }, { name: 'endless' })
          console.log('body')
        }, { grace: 200 })
      `,
    )
    assert.equal(stdout, 'body\naudit written\nstopped shutdown\n')
    assert.match(stderr, /did not end within 200 ms after the program, and are cancelled: endless\n/)
    assert.equal(code, 0)
  })

  test('that is told to stop asks first where it has a drain', async () => {
    const { code, stdout } = await runProgram(
      folder.path,
      'drain.mjs',
      `
        import { main, rethrowIfCancelled } from 'skein'
        await main(import.meta, async s => {
          s.stopSignal.addEventListener('abort', () => console.log('asked', s.cancelled))
          console.log('ready')
          try { await s.sleep('1h') } catch (error) { console.log(error.source, error.reason); throw error }
        }, { drain: 50 })
      `,
      { signals: [['ready', 'SIGTERM']] },
    )
    assert.equal(stdout, 'ready\nasked false\nshutdown SIGTERM\n')
    assert.equal(code, 143)
  })

  test('that is told to stop stops calls that no scope owns at once', async () => {
    const { code, stdout, stderr } = await runProgram(
      folder.path,
      'calls.mjs',
      `
        import { isMainThread } from 'node:worker_threads'
        import { current, loop, main, task } from 'skein'
        import { threads } from 'skein/threads'
        export const nap = task(import.meta, async function nap(tell) {
          if (tell) console.log('ready')
          await current().sleep('1h')
        })
        await main(import.meta, async s => {
          const pool = threads({ workers: 1 })
          try {
            await Promise.allSettled([pool.run(nap, false), loop.run(nap, true)]).then(ends => {
              for (const { reason } of ends) console.log(reason.source, reason.ended)
            })
          } finally {
            await pool.close()
          }
        }, { grace: '30s' })
        if (isMainThread) console.log('over') // the thread may have come to read this file, too
      `,
      { signals: [['ready', 'SIGINT']] },
    )
    assert.equal(stderr, '')
    assert.match(stdout, /^ready\nshutdown (withdrawn|cooperative|terminated)\nshutdown cooperative\nover\n$/)
    assert.equal(code, 130)
  })

  test('21: a task in another thread is told which sibling failed, and with what', async () => {
    const { stdout, stderr } = await runProgram(
      folder.path,
      'sibling.mjs',
      `
        import { writeSync } from 'node:fs'
        import { current, main, task } from 'skein'
        import { threads } from 'skein/threads'
        export const listen = task(import.meta, async function listen() {
          const s = current()
          const nap = s.sleep('1h')
          s.progress('asleep')
          try { await nap } catch (error) { writeSync(1, [error.source, error.by, error.reason.message, ''].join(' ')) }
        })
        await main(import.meta, async s => {
          const pool = threads({ workers: 1 })
          await s.scope(async s => {
            const job = await s.on(pool).submit(listen)
            for await (const _ of job.progress()) break
            s.spawn(() => { throw new Error('boom') }, { name: 'download' })
          }).catch(error => console.log(error.message))
          await pool.close()
        })
      `,
    )
    assert.equal(stderr, '')
    assert.equal(stdout, 'failure task download boom boom\n')
  })

  test('in debug mode hears of a cancellation that was swallowed', async () => {
    const code = `
      import { rethrowIfCancelled, scope } from 'skein'
      await scope(async s => {
        s.spawn(async function swallower(s) { try { await s.sleep('1h') } catch {} return 1 })
        s.spawn(async function honest(s) { try { await s.sleep('1h') } catch (error) { rethrowIfCancelled(error) } })
        await s.sleep(0)
        s.cancel()
      }).catch(() => {})
    `
    const debug = await runProgram(folder.path, 'swallow.mjs', code, { env: { SKEIN_DEBUG: '1' } })
    assert.match(
      debug.stderr,
      /SkeinWarning: task swallower returned normally although a cancel point in it had thrown/,
    )
    assert.doesNotMatch(debug.stderr, /honest returned/)
    const plain = await runProgram(folder.path, 'swallow.mjs', code, { env: { SKEIN_DEBUG: '' } })
    assert.doesNotMatch(plain.stderr, /SkeinWarning/)
  })
})
