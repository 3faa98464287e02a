import assert from 'node:assert/strict'
import { call, errorsOf, InvalidArgumentError, SkeinError, ThrownValueError, UnsendableError } from 'skein'
import { failure } from '../expect.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/failing.ts'
import { echo, whereLater, where } from '../tasks/values.ts'

export const errors: Theme = theme('errors', add => {
  add('an error has its class, its message and the stack of where it was thrown', async ({ shared }) => {
    const error = await failure(TypeError, shared.run(tasks.throwTypeError))
    assert.equal(error.constructor, TypeError)
    assert.equal(error.name, 'TypeError')
    assert.equal(error.message, 'not that type')
    assert.match(String(error.stack), /insideTypeError/)
    assert.match(String(error.stack), /failing\.(js|ts)/)
  })

  add('a rejected promise is an error like a thrown one', async ({ shared }) => {
    const error = await failure(RangeError, shared.run(tasks.rejectLater, 'later'))
    assert.equal(error.message, 'later')
    assert.match(String(error.stack), /rejectLater/)
  })

  add(
    'the stack says on which worker the task ran',
    async ({ shared }) => {
      const error = await failure(TypeError, shared.run(tasks.throwTypeError))
      assert.match(String(error.stack), /on (thread|process) \d+/)
      assert.match(String(error.stack), /throwTypeError/)
    },
    { needs: ['workers'] },
  )

  add('the fields of a system error survive', async ({ shared, file }) => {
    const error = (await failure(Error, shared.run(tasks.readMissing, file('not there')))) as NodeJS.ErrnoException
    assert.equal(error.code, 'ENOENT')
    assert.equal(error.syscall, 'open')
    assert.equal(error.path, file('not there'))
    assert.equal(typeof error.errno, 'number')
  })

  add('a chain of causes survives, with classes and fields', async ({ shared }) => {
    const error = await failure(Error, shared.run(tasks.throwChain))
    assert.equal(error.message, 'top')
    const middle = error.cause as tasks.PaymentError
    assert.equal(middle instanceof tasks.PaymentError, true)
    assert.equal(middle.message, 'middle')
    assert.equal(middle.amount, 5)
    const root = middle.cause as TypeError & { depth: number }
    assert.equal(root instanceof TypeError, true)
    assert.equal(root.message, 'root')
    assert.equal(root.depth, 2)
  })

  add('a cause that is no error survives', async ({ shared }) => {
    assert.deepEqual((await failure(Error, shared.run(tasks.throwCauseValue))).cause, { shelf: 3 })
  })

  add('the errors of an AggregateError survive', async ({ shared }) => {
    const error = await failure(AggregateError, shared.run(tasks.throwAggregate))
    assert.equal(error.message, 'several')
    assert.equal(error.errors.length, 3)
    assert.equal(error.errors[0] instanceof TypeError, true)
    assert.equal(error.errors[1] instanceof tasks.PaymentError, true)
    assert.equal(error.errors[2], 'three')
  })

  add('both errors of a SuppressedError survive', async ({ shared }) => {
    const error = (await failure(Error, shared.run(tasks.throwSuppressed))) as Error & {
      readonly error: unknown
      readonly suppressed: unknown
    }
    assert.deepEqual([error.name, error.message], ['SuppressedError', 'both'])
    assert.ok(error.error instanceof TypeError && error.error.message === 'while closing')
    assert.ok(error.suppressed instanceof tasks.PaymentError && error.suppressed.message === 'while working')
    assert.deepEqual(Object.keys(error), [], 'they are as hidden as they were')
  })

  add(
    'an error arrives also if a field of it cannot be made again, without that field',
    async ({ shared }) => {
      const alone = await failure(RangeError, shared.run(tasks.throwWithFickleField))
      const outcomes = await shared
        .map(tasks.throwWithFickleField as never, [1, 2], { settle: true, chunk: 2 })
        .toArray()
      const errors = [alone, ...outcomes.map(each => (each.state === 'failed' ? each.error : each))]
      for (const error of errors) {
        assert.ok(error instanceof RangeError, String(error))
        assert.equal(error.message, 'the error of the task')
        assert.equal((error as { amount?: unknown }).amount, 3)
        assert.equal((error as { fickle?: unknown }).fickle, "[not read: an instance of the class 'skein.test.Fickle']")
      }
    },
    { needs: ['border'] },
  )

  add('what failed beside an error in its scope comes along', async ({ shared }) => {
    const error = await failure(tasks.PaymentError, shared.run(tasks.throwInScope))
    const [first, second, ...more] = errorsOf(error)
    assert.equal(first, error)
    assert.equal(second instanceof AggregateError, true)
    assert.deepEqual(
      errorsOf(second).map(each => (each as Error).message),
      ['inner'],
    )
    assert.deepEqual(more, [])
  })

  add('a DOMException stays one', async ({ shared }) => {
    const error = await failure(DOMException, shared.run(tasks.throwDomException))
    assert.equal(error.name, 'QuotaExceededError')
    assert.equal(error.message, 'no more room')
    assert.equal(error.code, 22)
    assert.equal((await failure(DOMException, shared.run(tasks.throwAbortReason))).name, 'AbortError')
  })

  add('a registered class comes back as itself', async ({ shared }) => {
    const error = await failure(tasks.PaymentError, shared.run(tasks.throwPayment, 12))
    assert.equal(error.name, 'PaymentError')
    assert.equal(error.message, 'cannot pay 12')
    assert.equal(error.amount, 12)
    assert.equal(error.doubled, 24)
  })

  add(
    'an unregistered class comes back as the nearest class that is known, with its name and fields',
    async ({ shared }) => {
      const error = (await failure(RangeError, shared.run(tasks.throwLocal))) as RangeError & { limit: number }
      assert.equal(error.name, 'LocalRangeError')
      assert.equal(error.message, 'beyond')
      assert.equal(error.limit, 7)
    },
  )

  add('an error of skein keeps its class and code', async ({ shared }) => {
    const error = await failure(InvalidArgumentError, shared.run(tasks.throwSkein))
    assert.equal(error instanceof SkeinError, true)
    assert.equal(error.code, 'SKEIN_INVALID_ARGUMENT')
    assert.equal(error.message, 'told by the task')
  })

  add('what is thrown and is no error is wrapped, value and all', async ({ shared }) => {
    const undefinedError = await failure(ThrownValueError, shared.run(tasks.throwUndefined))
    assert.equal(undefinedError.code, 'SKEIN_THROWN_VALUE')
    assert.equal(undefinedError.value, undefined)
    assert.match(undefinedError.message, /undefined/)
    for (const value of ['text', 5, null, { status: 404 }]) {
      const error = await failure(ThrownValueError, shared.run(tasks.throwValue, value))
      assert.deepEqual(error.value, value)
    }
  })

  add('a thrown function does not harm anybody', async ({ shared }) => {
    const error = await failure(ThrownValueError, shared.run(tasks.throwFunction))
    assert.match(error.message, /culprit|function/)
    assert.equal(await shared.run(echo, 1), 1)
  })

  add('a field of an error that cannot be sent does not hide the error', async ({ shared }) => {
    const error = (await failure(TypeError, shared.run(tasks.throwUnsendableFields))) as TypeError & {
      code: string
      kept: number[]
    }
    assert.equal(error.message, 'carries things')
    assert.equal(error.code, 'E_THINGS')
    assert.deepEqual(error.kept, [1, 2])
  })

  add('an error that is its own cause survives', async ({ shared }) => {
    const error = await failure(Error, shared.run(tasks.throwCycle))
    assert.equal(error.message, 'its own cause')
  })

  add('an error whose getter throws survives', async ({ shared }) => {
    const error = await failure(Error, shared.run(tasks.throwHostile))
    assert.equal(error.message, 'hostile')
    assert.equal(await shared.run(echo, 1), 1)
  })

  add('a failing call harms no other', async ({ shared }) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => shared.run(tasks.failUnlessEven, n)),
    )
    for (const [n, outcome] of outcomes.entries()) {
      if (n % 2 === 0) assert.deepEqual(outcome, { status: 'fulfilled', value: n })
      else assert.match(String(outcome.status === 'rejected' && outcome.reason), new RegExp(`${n} is odd`))
    }
  })

  add(
    'an argument that cannot be sent fails its call alone and names the culprit',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      const bad = executor.run(echo, { users: [1, { onClick: () => 1 }] })
      const good = executor.run(echo, 'fine')
      const error = await failure(UnsendableError, bad)
      assert.equal(error.code, 'SKEIN_UNSENDABLE')
      assert.match(error.path, /^arguments\[0\]\.users\[1\]\.onClick$/)
      assert.match(error.message, /onClick/)
      assert.equal(await good, 'fine')
      for (const value of [Symbol('s'), new WeakMap(), Promise.resolve(1), () => 1]) {
        const path = (await failure(UnsendableError, executor.run(echo, value))).path
        assert.equal(path, 'arguments[0]')
      }
      assert.equal(
        (await failure(UnsendableError, executor.run(call(echo, new Map([['k', () => 1]]))))).path.startsWith(
          'arguments[0]',
        ),
        true,
      )
      assert.equal(await executor.run(where), before, 'the worker lives on')
    },
    { needs: ['border'] },
  )

  add(
    'a result that cannot be sent fails its call alone and names the culprit',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      const beside = [executor.run(whereLater), executor.run(echo, 2)]
      const error = await failure(UnsendableError, executor.run(tasks.giveFunction))
      assert.equal(error.code, 'SKEIN_UNSENDABLE')
      assert.equal(error.path, 'result.list[1].callback')
      assert.match(error.message, /giveFunction/)
      assert.equal((await failure(UnsendableError, executor.run(tasks.giveSymbol))).path, 'result')
      assert.deepEqual(await Promise.all(beside), [before, 2])
      assert.equal(await executor.run(where), before, 'the worker lives on')
    },
    { needs: ['border'] },
  )

  add(
    'nothing is refused where there is no border',
    async ({ shared }) => {
      const value = { callback: () => 1 }
      assert.equal(await shared.run(echo, value), value)
      assert.equal(typeof (await shared.run(tasks.giveSymbol)), 'symbol')
    },
    { lacks: 'border' },
  )
})
