import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { any, CancelledError, errorsOf, rethrowIfCancelled, SkeinError, scope, splitErrors } from 'skein'
import { rejection } from '../deferred.ts'

function trap(): never {
  throw new Error('must not be looked at')
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** What can be thrown, and throws itself when it is looked at. */
const strange: Readonly<Record<string, () => unknown>> = {
  'an error whose name throws': () => Object.defineProperty(new Error('x'), 'name', { get: trap }),
  'an error whose message throws': () => Object.defineProperty(new Error('x'), 'message', { get: trap }),
  'an error whose code throws': () => Object.defineProperty(new Error('x'), 'code', { get: trap }),
  'a Proxy without a prototype to be asked for': () => new Proxy({}, { getPrototypeOf: trap, get: trap, has: trap }),
  'a Proxy that was revoked': revoked,
  'an object that cannot become a text': () => Object.create(null) as unknown,
  'an object whose text throws': () => ({ toString: trap, valueOf: trap }),
  'a symbol': () => Symbol('thrown'),
}

/** What a promise is rejected with, wrapped: a promise would look at what it is resolved with. */
async function thrownBy(promise: Promise<unknown>): Promise<{ readonly error: unknown }> {
  try {
    await promise
  } catch (error) {
    return { error }
  }
  throw new Error('expected a rejection')
}

/** assert.equal would look at what it compares. */
function same(actual: unknown, expected: unknown): void {
  assert.ok(actual === expected)
}

for (const [name, make] of Object.entries(strange)) {
  describe(name, () => {
    test('thrown by a body, at once or later, is what the scope throws', async () => {
      const thrown = make()
      const fail = (): never => {
        throw thrown
      }
      same((await thrownBy(scope(fail))).error, thrown)
      same((await thrownBy(scope(async () => fail()))).error, thrown)
    })

    test('thrown by a child cancels the others, and is what the scope throws', async () => {
      const thrown = make()
      let sibling: unknown
      const { error } = await thrownBy(
        scope(async s => {
          s.spawn(async s => {
            sibling = await rejection(s.sleep('1h'))
          })
          s.spawn(() => {
            throw thrown
          })
          await s.sleep('1h')
        }),
      )
      same(error, thrown)
      assert.ok(sibling instanceof CancelledError)
      same(sibling.reason, thrown)
    })

    test('thrown by a child while it is being cancelled is a failure like any other', async () => {
      const thrown = make()
      const { error } = await thrownBy(
        scope(async s => {
          s.spawn(async s => {
            await rejection(s.sleep('1h'))
            throw thrown
          })
          await s.sleep(0)
          s.cancel()
        }),
      )
      same(error, thrown)
    })

    test('may be the reason of a cancellation', async () => {
      const reason = make()
      const error = await rejection(
        scope(async s => {
          s.cancel(reason)
          await s.sleep(0)
        }),
      )
      assert.ok(error instanceof CancelledError)
      same(error.reason, reason)
    })

    test('may be one of a group, and can be asked about', async () => {
      const thrown = make()
      const fail = (): never => {
        throw thrown
      }
      const group = await rejection(
        scope(
          s => {
            s.spawn(fail)
            s.spawn(() => Promise.reject(new Error('another')))
          },
          { errors: 'group', onError: 'collect' },
        ),
      )
      assert.ok(group instanceof AggregateError)
      same(group.errors[0], thrown)
      assert.equal(group.errors.length, 2)
      same(errorsOf(thrown)[0], thrown)
      const [yes, no] = splitErrors(group, each => each === thrown)
      same(yes?.errors[0], thrown)
      assert.equal(no?.errors.length, 1)
      rethrowIfCancelled(thrown)
      assert.equal(thrown instanceof SkeinError, false)
      assert.ok((await rejection(any([fail, fail]))) instanceof AggregateError)
    })
  })
}
