import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CancelCause } from 'skein/lowlevel'
import {
  CancelledError,
  errorsOf,
  failAfter,
  InvalidArgumentError,
  type Job,
  MisuseError,
  moveOnAfter,
  openScope,
  type Scope,
  scope,
  ScopeClosedError,
  TimeoutError,
} from 'skein'
import { deferred, never, rejection, settled } from '../deferred.ts'
import { inPlainOrder } from '../plain-order.ts'
import { inVirtualTime } from '../virtual-time.ts'

/** The behaviours that trio tests itself with, numbered as in docs/design/structured.md. */
describe('scopes and errors', () => {
  test('1: a body that throws in a scope with no children: the same error object reaches the caller', async () => {
    const error = new Error('body')
    assert.equal(await rejection(scope(() => Promise.reject(error))), error)
    const group = await rejection(scope(() => Promise.reject(error), { errors: 'group' }))
    assert.ok(group instanceof AggregateError)
    assert.deepEqual(group.errors, [error])
  })

  test('2: one child fails: the waiting body is woken, siblings are cancelled, the caller gets the error of the child alone', async () => {
    const error = new Error('child')
    let handle: Scope | undefined
    let sibling: Job<void> | undefined
    let woken: unknown
    const thrown = await rejection(
      scope(async s => {
        handle = s
        sibling = s.spawn(s => s.wait(never()))
        s.spawn(() => Promise.reject(error))
        woken = await rejection(s.wait(never()))
        throw woken
      }),
    )
    assert.equal(thrown, error)
    assert.ok(woken instanceof CancelledError)
    assert.equal(sibling?.state, 'cancelled')
    assert.deepEqual(handle?.failures, [error])
    assert.deepEqual(errorsOf(thrown), [error])
  })

  // Which child is the first to fail is the order in which they begin.
  test(
    '3: body and child fail, or two children: both errors are reported, none is lost',
    inPlainOrder(async () => {
      const [first, second] = [new Error('first'), new Error('second')]
      const both = await rejection(
        scope(s => {
          s.spawn(() => Promise.reject(second))
          throw first
        }),
      )
      assert.equal(both, first)
      assert.deepEqual(errorsOf(both), [first, second])
      const children = (s: Scope): void => {
        s.spawn(() => Promise.reject(first))
        s.spawn(() => Promise.reject(second))
      }
      assert.deepEqual(errorsOf(await rejection(scope(children))), [first, second])
      assert.deepEqual(errorsOf(await rejection(scope(children, { errors: 'group' }))), [first, second])
    }),
  )

  test('4: a child that fails with another error while it is cancelled is reported next to the first', async () => {
    const [first, second] = [new Error('first'), new Error('while cancelled')]
    const thrown = await rejection(
      scope(s => {
        s.spawn(async s => {
          await s.wait(never()).catch(() => {})
          throw second
        })
        s.spawn(() => Promise.reject(first))
      }),
    )
    assert.equal(thrown, first)
    assert.deepEqual(errorsOf(thrown), [first, second])
  })

  test('5: returning from the body does not cancel the children: the scope waits for them', async () => {
    const gate = deferred()
    let job: Job<string> | undefined
    const running = scope(s => {
      job = s.spawn(async s => {
        await s.wait(gate.promise)
        return 'whole'
      })
      return 'body'
    })
    await settled()
    assert.equal(job?.state, 'running')
    gate.resolve()
    assert.equal(await running, 'body')
    assert.equal(job?.state, 'done')
  })

  test('6: spawning into a closed scope throws at once; into a cancelled one the task still starts and fails at its first cancel point', async () => {
    let closed: Scope | undefined
    await scope(s => void (closed = s))
    assert.throws(() => closed?.spawn(() => 1), ScopeClosedError)
    const steps: string[] = []
    await rejection(
      scope(async s => {
        s.cancel()
        const job = s.spawn(async s => {
          steps.push('started')
          await s.sleep(0)
          steps.push('not reached')
        })
        assert.ok((await rejection(job.result())) instanceof CancelledError)
      }),
    )
    assert.deepEqual(steps, ['started'])
  })

  test(
    '7: a child that a child spawns into the outer scope has the deadline of the outer scope, not that of its spawner',
    inVirtualTime(async clock => {
      let [inOuter, inInner] = [0, 0]
      await scope(
        async outer => {
          await outer.scope(
            async inner => {
              const spawner = inner.spawn(() => {
                outer.spawn(s => void (inOuter = s.deadline))
                inner.spawn(s => void (inInner = s.deadline))
              })
              await spawner.result()
            },
            { timeout: '1s' },
          )
        },
        { timeout: '1m' },
      )
      assert.deepEqual([inOuter, inInner], [clock.now() + 60_000, clock.now() + 1_000])
    }),
  )

  for (const depth of [1, 2, 3]) {
    for (const count of [1, 2, 3]) {
      test(
        `8: the shape of the thrown error is the same for one failure and for many (${count} in ${depth} scopes)`,
        inPlainOrder(async () => {
          const failures = Array.from({ length: count }, (_, at) => new Error(`failure ${at}`))
          const nested =
            (level: number, errors: 'first' | 'group') =>
            async (s: Scope): Promise<void> => {
              if (level > 1) return s.scope(nested(level - 1, errors), { errors })
              for (const failure of failures) s.spawn(() => Promise.reject(failure))
            }
          const first = await rejection(scope(nested(depth, 'first')))
          assert.equal(first, failures[0])
          let group = await rejection(scope(nested(depth, 'group'), { errors: 'group' }))
          for (let level = 1; level < depth; level++) {
            assert.ok(group instanceof AggregateError)
            assert.equal(group.errors.length, 1)
            group = group.errors[0]
          }
          assert.ok(group instanceof AggregateError)
          assert.deepEqual(group.errors, failures)
        }),
      )
    }
  }

  test('9: what is no function gives an error that says what to write', async () => {
    const work = async (): Promise<number> => 1
    for (const wrong of [work(), undefined, 7, {}]) {
      for (const use of [
        (s: Scope) => s.spawn(wrong as never),
        (s: Scope) => s.spawnReady(wrong as never),
        (s: Scope) => s.scope(wrong as never),
        (s: Scope) => s.shield(wrong as never, { timeout: 1 }),
        (s: Scope) => s.moveOnAfter(1, wrong as never),
        (s: Scope) => s.onExit(wrong as never),
      ]) {
        const error = await rejection(scope(async s => use(s)))
        assert.ok(error instanceof InvalidArgumentError)
        assert.match(error.message, /Pass the function itself/)
      }
    }
  })

  test('10: parent and children can be read and are exact at each step; tasks are named by their function, or as told', async () => {
    const gate = deferred()
    const names = (s: Scope): string[] => s.children.map(child => child.name)
    await scope(async function outer(s) {
      assert.deepEqual(names(s), [])
      const first = s.spawn(async function first(s) {
        await s.wait(gate.promise)
      })
      s.spawn(s => s.wait(gate.promise), { name: 'second' })
      assert.deepEqual(names(s), ['first', 'second'])
      await s.scope(async function inner(nested) {
        assert.deepEqual(names(s), ['first', 'second', 'inner'])
        assert.equal(nested.parent, s)
        assert.equal(s.children[2], nested)
      })
      await first.cancel()
      assert.deepEqual(names(s), ['second'])
      gate.resolve()
      await s.join()
      assert.deepEqual(names(s), [])
    })
  })
})

describe('cancellation', () => {
  test('11: cancel is idempotent; called and caught are two facts', async () => {
    let handle: Scope | undefined
    const value = await scope(s => {
      handle = s
      s.cancel('first')
      s.cancel('second')
      return 'no cancel point was reached'
    })
    assert.equal(value, 'no cancel point was reached')
    assert.equal(handle?.cancelled, true)
    assert.equal(handle?.cancelCaught, false)
    assert.equal(handle?.cause?.reason, 'first')
    await rejection(
      scope(async s => {
        handle = s
        s.cancel()
        await s.sleep(0)
      }),
    )
    assert.equal(handle?.cancelCaught, true)
  })

  test('12: after a swallowed cancel the next two cancel points throw again', async () => {
    let thrown = 0
    await scope(async s => {
      s.cancel()
      for (let point = 0; point < 3; point++) await s.sleep(0).catch(() => thrown++)
    })
    assert.equal(thrown, 3)
  })

  test('13: cancelling a grandparent reaches all four leaves of a two-by-two tree', async () => {
    const reached: string[] = []
    const leaf =
      (name: string) =>
      async (s: Scope): Promise<void> => {
        const error = await rejection(s.wait(never()))
        reached.push(name)
        throw error
      }
    await rejection(
      scope(async s => {
        for (const branch of ['a', 'b']) {
          s.spawn(s => {
            s.spawn(leaf(`${branch}1`))
            s.spawn(leaf(`${branch}2`))
          })
        }
        await s.sleep(0)
        s.cancel()
      }),
    )
    assert.deepEqual(reached.toSorted(), ['a1', 'a2', 'b1', 'b2'])
  })

  test('14: of two nested scopes cancelled together the outer one catches', async () => {
    const handles: Scope[] = []
    const thrown = await rejection(
      scope(
        async outer => {
          handles.push(outer)
          await outer.scope(async inner => {
            handles.push(inner)
            inner.cancel('inner')
            outer.cancel('outer')
            await inner.sleep(0)
          })
        },
        { name: 'outer' },
      ),
    )
    assert.ok(thrown instanceof CancelledError)
    assert.deepEqual(
      handles.map(s => [s.cancelCaught, s.cause?.reason]),
      [
        [true, 'outer'],
        [true, 'inner'],
      ],
    )
  })

  test(
    '15: a shield keeps the outer cancel out; its own cancel and scopes within still work',
    inVirtualTime(async () => {
      const seen: string[] = []
      await rejection(
        scope(async outer => {
          outer.cancel('outer')
          await outer.shield(
            async s => {
              await s.sleep('1s')
              seen.push('shielded')
              seen.push(
                (await rejection(s.scope(s => s.sleep('1h'), { timeout: 5 }))) instanceof TimeoutError ? 'limit' : '',
              )
              s.cancel('own')
              const error = await rejection(s.sleep(0))
              seen.push(error instanceof CancelledError ? String(error.reason) : '')
              throw error
            },
            { timeout: '10s' },
          )
        }),
      )
      assert.deepEqual(seen, ['shielded', 'limit', 'own'])
    }),
  )

  test(
    '15: a shield can be lowered: a sleeping child wakes; raised again, what has come in stays',
    inVirtualTime(async clock => {
      const start = clock.now()
      const seen: unknown[] = []
      await scope(async outer => {
        const cleanup = outer.shield(
          async s => {
            outer.spawn(async () => {
              await s.scope(s => s.sleep('3s'))
              s.shielded = false
              s.shielded = true
            })
            seen.push(await rejection(s.sleep('1h')), s.shielded, clock.now() - start)
            seen.push(await rejection(s.sleep(0)))
          },
          { timeout: '2h' },
        )
        outer.cancel()
        await cleanup
      })
      assert.ok(seen[0] instanceof CancelledError)
      assert.deepEqual(seen.slice(1, 3), [true, 3_000])
      assert.equal(seen[3], seen[0])
    }),
  )

  test('15: raising the shield while the cancel is under way does not lose it; only s.shield has a shield to set', async () => {
    await scope(async outer => {
      await outer.shield(
        async s => {
          s.shielded = false
          outer.cancel()
          s.shielded = true
          assert.ok((await rejection(s.sleep(0))) instanceof CancelledError)
        },
        { timeout: '1s' },
      )
    })
    await scope(s => {
      assert.equal(s.shielded, false)
      assert.throws(() => (s.shielded = true), /s\.shield\(body, \{ timeout \}\)/)
    })
  })

  test(
    '16: a deadline in the past cancels at the next cancel point; it may be moved while inside; a relative one counts from entry',
    inVirtualTime(async clock => {
      const steps: string[] = []
      await rejection(
        scope(
          async s => {
            steps.push('runs')
            await s.sleep(0)
            steps.push('not reached')
          },
          { deadline: clock.now() - 1 },
        ),
      )
      assert.deepEqual(steps, ['runs'])

      const start = clock.now()
      const options = { timeout: '10s' } as const
      await clock.advance(5_000)
      let moved = false
      await scope(async s => {
        assert.equal(s.deadline, start + 15_000)
        s.setLimit({ timeout: '1m' })
        await s.sleep('30s')
        assert.equal(s.deadline, start + 65_000)
        s.setLimit({})
        assert.equal(s.deadline, Infinity)
        await s.sleep('5m')
        s.setLimit({ deadline: clock.now() + 7 })
        const before = clock.now()
        assert.ok((await rejection(s.sleep('1h'))) instanceof TimeoutError)
        assert.equal(clock.now(), before + 7)
        moved = true
      }, options).catch((error: unknown) => assert.ok(error instanceof TimeoutError))
      assert.ok(moved, 'a limit that had been taken back came true')
    }),
  )

  test(
    '16: a limit set on an outer scope reaches the cancel points of what runs in it already',
    inVirtualTime(async clock => {
      const error = await rejection(
        scope(async outer => {
          const job = outer.spawn(async s => {
            await s.scope(async s => {
              await s.sleep(1)
              assert.equal(s.deadline, clock.now() + 4)
              s.checkpoint()
              await s.sleep('1h')
            })
          })
          await outer.sleep(0)
          outer.setLimit({ timeout: 5 })
          await job.result()
        }),
      )
      assert.ok(error instanceof TimeoutError)
      assert.equal(error.timeout, 5)
    }),
  )

  test(
    '17: moveOnAfter and failAfter still fire inside their own shield while the outer scope is cancelled',
    inVirtualTime(async clock => {
      const start = clock.now()
      await scope(async outer => {
        outer.cancel()
        await outer.shield(
          async s => {
            assert.equal(await s.moveOnAfter('1s', s => s.wait(never()), 'moved on'), 'moved on')
            assert.ok((await rejection(s.failAfter('1s', s => s.wait(never())))) instanceof TimeoutError)
          },
          { timeout: '10s' },
        )
        assert.equal(clock.now(), start + 2_000)
      })
    }),
  )

  test('18: NaN and negative durations are rejected; zero is allowed and is a cancel point', async () => {
    for (const wrong of [Number.NaN, -1, '1 week', undefined, null]) {
      for (const use of [
        (s: Scope) => s.sleep(wrong as never),
        (s: Scope) => s.failAfter(wrong as never, () => 1),
        (s: Scope) => s.moveOnAfter(wrong as never, () => 1),
        () => moveOnAfter(wrong as never, () => 1),
        () => failAfter(wrong as never, () => 1),
        (s: Scope) => s.shield(() => 1, { timeout: wrong as never }),
      ]) {
        assert.ok((await rejection(scope(async s => use(s)))) instanceof InvalidArgumentError)
      }
    }
    await scope(async s => {
      await s.sleep(0)
      s.cancel()
      assert.ok((await rejection(s.sleep(0))) instanceof CancelledError)
    })
  })

  test('19: a scope is entered as it is made; cancelled before, its body still runs to the first cancel point; after the end cancel does nothing', async () => {
    const steps: string[] = []
    let handle: Scope | undefined
    const error = await rejection(
      scope(
        async s => {
          handle = s
          steps.push('entered')
          await s.sleep(0)
        },
        { signal: AbortSignal.abort('early') },
      ),
    )
    assert.ok(error instanceof CancelledError)
    assert.deepEqual([steps, error.reason], [['entered'], 'early'])
    let ended: Scope | undefined
    await scope(s => void (ended = s))
    ended?.cancel()
    ended?.cancel('later', { grace: 5 })
    assert.deepEqual([ended?.cancelled, ended?.stopping], [false, false])
    assert.equal(handle?.cause?.reason, 'early')
  })

  test(
    '20: the effective deadline is the earliest over the ancestors, up to the next shield',
    inVirtualTime(async clock => {
      const now = clock.now()
      await scope(
        async s => {
          await s.scope(
            async s => {
              assert.equal(s.deadline, now + 1_000)
              await s.shield(
                async s => {
                  assert.equal(s.deadline, now + 60_000)
                  await s.scope(s => assert.equal(s.deadline, now + 30_000), { timeout: '30s' })
                  await s.scope(s => assert.equal(s.deadline, now + 60_000), { timeout: '1h' })
                },
                { timeout: '1m' },
              )
            },
            { timeout: '2s' },
          )
        },
        { timeout: '1s' },
      )
    }),
  )

  test('21: the reason: an explicit text, a deadline, the failing sibling by name with its error, the body; the first one wins', async () => {
    const failure = new Error('boom')
    const causeOf = async (cancel: (s: Scope) => void, options = {}): Promise<CancelledError> => {
      let seen: unknown
      await rejection(
        scope(async s => {
          s.spawn(async s => {
            seen = await rejection(s.wait(never()))
            throw seen
          })
          await s.sleep(0)
          cancel(s)
        }, options),
      )
      assert.ok(seen instanceof CancelledError)
      return seen
    }
    let kept: CancelCause | undefined
    const explicit = await causeOf(s => {
      s.cancel('enough')
      s.cancel('too late')
      kept = s.cause
    })
    assert.equal(kept?.reason, 'enough')
    assert.deepEqual([explicit.source, explicit.reason], ['explicit', 'enough'])
    assert.equal((await causeOf(() => {}, { timeout: 1 })).source, 'deadline')
    const sibling = await causeOf(s => s.spawn(() => Promise.reject(failure), { name: 'download' }))
    assert.deepEqual([sibling.source, sibling.by, sibling.reason], ['failure', 'task download', failure])
    assert.match(sibling.message, /was cancelled by the failure of task download: boom/)
    const body = await causeOf(
      () => {
        throw failure
      },
      { name: 'job' },
    )
    assert.deepEqual([body.source, body.by, body.reason], ['failure', 'the body of scope job', failure])
  })

  test('21: the reason survives structured clone, and holds no task', async () => {
    let handle: Scope | undefined
    await rejection(
      scope(s => {
        handle = s
        s.spawn(() => Promise.reject(new Error('boom')), { name: 'download' })
      }),
    )
    const copy = structuredClone(handle?.cause)
    assert.deepEqual([copy?.source, copy?.by, String(copy?.reason)], ['failure', 'task download', 'Error: boom'])
    assert.deepEqual(Object.keys(handle?.cause ?? {}), ['source', 'reason', 'by'])
  })

  test('22: the operation that threw Cancelled did not happen', async () => {
    await rejection(
      scope(async s => {
        s.cancel()
        let calls = 0
        assert.ok((await rejection(s.scope(async s => (await s.sleep(0), calls++)))) instanceof CancelledError)
        assert.ok((await rejection(s.join())) instanceof CancelledError)
        assert.ok(
          (await rejection(s.spawnReady(async (s, ready) => ready(await s.sleep(0))))) instanceof CancelledError,
        )
        assert.equal(calls, 0)
        assert.deepEqual(s.children, [])
      }),
    )
  })

  test('23: a result and a cancel in the same tick: a value that was delivered is not lost', async () => {
    await rejection(
      scope(async s => {
        const gate = deferred<string>()
        const waiting = s.wait(gate.promise)
        const job = s.spawn(async () => 'result')
        const result = job.result()
        gate.resolve('value')
        await Promise.resolve()
        await Promise.resolve()
        s.cancel()
        assert.equal(await waiting, 'value')
        assert.equal(await result, 'result')
        s.checkpoint()
      }),
    )
  })

  test('24: an operation that cannot stop at once finishes, and the cancel is seen at the next point', async () => {
    const gate = deferred<string>()
    const steps: unknown[] = []
    const running = scope(async s => {
      s.spawn(async s => {
        steps.push(await gate.promise) // raw: knows nothing of the scope
        await s.sleep(0)
        steps.push('not reached')
      })
      await s.sleep(0)
      s.cancel()
    })
    await settled()
    assert.deepEqual(steps, [])
    gate.resolve('finished')
    await rejection(running)
    assert.deepEqual(steps, ['finished'])
  })

  test('24: a callback for the cancel that throws fails loudly', async () => {
    const loud = new Error('in onCancel')
    let handle: Scope | undefined
    await rejection(
      scope(async s => {
        handle = s
        void s
          .wait(never(), {
            onCancel: () => {
              throw loud
            },
          })
          .catch(() => {})
        s.cancel()
      }),
    )
    assert.deepEqual(handle?.failures, [loud])
  })

  test('25: an outer block that is disposed of before the inner one: the inner is cancelled, and the outer says so', async () => {
    const outer = openScope({ name: 'outer' })
    const inner = openScope({ name: 'inner' }, outer)
    const job = inner.spawn(s => s.wait(never()))
    await settled()
    const error = await rejection(outer[Symbol.asyncDispose]())
    assert.ok(error instanceof MisuseError)
    assert.match(error.message, /scope outer has ended while scope inner/)
    assert.equal(job.state, 'cancelled')
    const cancelled = await rejection(job.result())
    assert.ok(cancelled instanceof CancelledError)
    await inner[Symbol.asyncDispose]()
  })

  test('25: a scope whose body forgets a block that it has opened says so; disposed of in time there is nothing to say', async () => {
    let reason: unknown
    const error = await rejection(
      scope(s => {
        const block = openScope({ name: 'forgotten' })
        block.spawn(async s => {
          await rejection(s.wait(never()))
          reason = s.cause?.reason
        })
        return s.name
      }),
    )
    assert.ok(error instanceof MisuseError)
    assert.equal(reason, 'misnesting')
    await scope(async () => {
      const block = openScope()
      block.spawn(s => s.wait(never()))
      await block[Symbol.asyncDispose]()
    })
  })

  test(
    '26: 50,000 scopes with equal deadlines end in turn',
    inVirtualTime(async clock => {
      const start = clock.now()
      let timeouts = 0
      await scope(s => {
        for (let at = 0; at < 50_000; at++) {
          s.spawn(s =>
            s
              .scope(s => s.sleep('1h'), { timeout: '10s' })
              .catch((error: unknown) => {
                if (error instanceof TimeoutError) timeouts++
              }),
          )
        }
      })
      assert.equal(timeouts, 50_000)
      assert.equal(clock.now(), start + 10_000)
    }),
  )

  test('26: scopes nest a thousand deep, and a cancel goes through all of them', async () => {
    let depth = 0
    const deeper = async (s: Scope): Promise<void> => {
      if (++depth === 1_000) return s.wait(never())
      await Promise.resolve()
      return s.scope(deeper)
    }
    const error = await rejection(
      scope(async s => {
        s.spawn(deeper)
        while (depth < 1_000) await s.sleep(0)
        s.cancel('all of it')
      }),
    )
    assert.ok(error instanceof CancelledError)
    assert.equal(depth, 1_000)
  })

  test('27: a scope that has ended holds nothing: no timer, no listener, no member; neither has its parent', async () => {
    const controller = new AbortController()
    const listeners: number[] = []
    const { addEventListener, removeEventListener } = controller.signal
    let balance = 0
    controller.signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
      balance++
      addEventListener.apply(controller.signal, given)
    }
    controller.signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
      balance--
      removeEventListener.apply(controller.signal, given)
    }
    await scope(async s => {
      for (let round = 0; round < 1_000; round++) {
        await s
          .scope(
            async s => {
              s.spawn(s => s.sleep('1h'))
              s.cancel()
            },
            { timeout: '1h', signal: controller.signal },
          )
          .catch(() => {})
        if (round % 100 === 0) listeners.push(balance)
      }
      assert.deepEqual(s.children, [])
    })
    assert.deepEqual(new Set(listeners), new Set([0]))
    assert.equal(process.getActiveResourcesInfo().includes('Timeout'), false)
  })
})

describe('start and wait until ready', () => {
  test(
    '28: spawnReady gives the value after exactly the time of the start, and the task goes on as a child',
    inVirtualTime(async clock => {
      const start = clock.now()
      await scope(async s => {
        const value = await s.spawnReady<number>(async function server(s, ready) {
          await s.sleep(250)
          ready(8080)
          await s.sleep('1h')
        })
        assert.equal(value, 8080)
        assert.equal(clock.now(), start + 250)
        assert.deepEqual(
          s.children.map(child => child.name),
          ['server'],
        )
      })
      assert.equal(clock.now(), start + 250 + 3_600_000)
    }),
  )

  test('28: the scope stays open while a start is pending, even with no other task', async () => {
    const gate = deferred()
    let value: Promise<string> | undefined
    const running = scope(s => {
      value = s.spawnReady<string>(async (s, ready) => {
        await s.wait(gate.promise)
        ready('up')
      })
    })
    let over = false
    void running.then(() => (over = true))
    await settled()
    assert.equal(over, false)
    gate.resolve()
    assert.equal(await value, 'up')
    await running
  })

  test('29: a failure before ready is thrown by the call, as it is, and harms nobody else; after it, it is one of the scope', async () => {
    const failure = new Error('port taken')
    let handle: Scope | undefined
    await scope(async s => {
      handle = s
      const sibling = s.spawn(s => s.sleep(0).then(() => 'well'))
      assert.equal(await rejection(s.spawnReady(() => Promise.reject(failure))), failure)
      assert.equal(await sibling.result(), 'well')
    })
    assert.deepEqual(handle?.failures, [])
    const later = await rejection(
      scope(async s => {
        await s.spawnReady(async (s, ready) => {
          ready(undefined)
          await s.sleep(0)
          throw failure
        })
        await s.wait(never())
      }),
    )
    assert.equal(later, failure)
  })

  test('29: returning without ready is an error, and so is saying it twice', async () => {
    await scope(async s => {
      const error = await rejection(s.spawnReady(async function silent() {}))
      assert.ok(error instanceof MisuseError)
      assert.match(error.message, /task silent .* without having called ready/)
    })
    const twice = await rejection(
      scope(async s => {
        await s.spawnReady((_s, ready) => {
          ready(1)
          ready(2)
        })
      }),
    )
    assert.ok(twice instanceof MisuseError)
    assert.match(twice.message, /a second time/)
  })

  test('29: cancelled while starting, ready does nothing; cancelled just after it, the value is there', async () => {
    const steps: string[] = []
    await rejection(
      scope(async s => {
        const early = s.spawnReady<string>(async (s, ready) => {
          await rejection(s.wait(never()))
          ready('too late')
          steps.push('ready said nothing')
        })
        void early.catch(() => {})
        await s.sleep(0)
        s.cancel('before')
        assert.ok((await rejection(early)) instanceof CancelledError)
        s.checkpoint()
      }),
    )
    assert.deepEqual(steps, ['ready said nothing'])
    await rejection(
      scope(async s => {
        const value = await s.spawnReady<string>(async (s, ready) => {
          ready('up')
          await s.wait(never())
        })
        s.cancel('after')
        steps.push(value)
      }),
    )
    assert.deepEqual(steps, ['ready said nothing', 'up'])
  })
})
