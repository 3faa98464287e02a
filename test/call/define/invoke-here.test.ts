import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { invokeHere } from '#skein/call/define/invoke-here.js'
import { current, NoCurrentScopeError, type Scope, scope, ScopeClosedError } from 'skein'

describe('a task called as a plain function', () => {
  test('gets this and the arguments, and gives the very result', () => {
    const result = { value: 1 }
    const fn = invokeHere(function (this: unknown, ...args: number[]) {
      assert.equal(this, self)
      assert.deepEqual(args, [1, 2, 3])
      return result
    })
    const self = { fn }
    assert.equal(self.fn(1, 2, 3), result)
    const promise = Promise.resolve(1)
    assert.equal(invokeHere(() => promise)(), promise)
  })

  test('has a scope that nobody cancels', async () => {
    const fn = invokeHere(async function resize() {
      const s = current()
      assert.equal(s.name, 'resize')
      assert.equal(s.cancelled, false)
      assert.equal(s.deadline, Infinity)
      assert.equal(s.attempt, 1)
      s.progress(1)
      await s.sleep(0)
      s.checkpoint()
      return s
    })
    const first = await fn()
    assert.notEqual(first, await fn())
    assert.throws(() => first.checkpoint(), ScopeClosedError)
    assert.throws(() => current(), NoCurrentScopeError)
  })

  test('uses the scope of the task that calls it', async () => {
    const fn = invokeHere(() => current())
    await scope(s => assert.equal(fn(), s))
  })

  test('passes on what the function throws, and leaves no current scope behind', async () => {
    const error = new Error('task')
    const failing = invokeHere(() => {
      current()
      throw error
    })
    assert.throws(failing, error)
    assert.throws(() => current(), NoCurrentScopeError)
    await assert.rejects(
      invokeHere(async () => {
        current()
        throw error
      })(),
      error,
    )
  })

  test('waits for what it spawned and runs its exit handlers, as on every executor', async () => {
    const order: string[] = []
    const fn = invokeHere(async () => {
      const s = current()
      s.onExit(() => order.push('exit'))
      s.spawn(async s => {
        await s.sleep(0)
        order.push('child')
      })
      return 'value'
    })
    assert.equal(await fn(), 'value')
    assert.deepEqual(order, ['child', 'exit'])
    const error = new Error('child')
    await assert.rejects(
      invokeHere(async () => {
        current().spawn(() => Promise.reject(error))
      })(),
      error,
    )
  })

  test('runs the exit handlers of a synchronous function too', () => {
    let closed = false
    const fn = invokeHere(() => {
      current().onExit(() => void (closed = true))
      return 1
    })
    assert.equal(fn(), 1)
    assert.equal(closed, true)
  })

  test('gives back whatever it returns, also what throws at every look', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    assert.ok(Object.is(invokeHere(() => proxy)(), proxy))
  })
})

describe('a generator task called as a plain function', () => {
  test('has its scope in every step, sync or async, and none is left between them', async () => {
    const sync = invokeHere(function* count(n: number): Generator<Scope, string> {
      for (let i = 0; i < n; i++) yield current()
      return 'end'
    })
    const seen = new Set<Scope>()
    const generator = sync(3)
    for (let step = generator.next(); ; step = generator.next()) {
      assert.throws(() => current(), NoCurrentScopeError)
      if (step.done) {
        assert.equal(step.value, 'end')
        break
      }
      seen.add(step.value)
    }
    assert.equal(seen.size, 1)
    assert.throws(() => [...seen][0]?.checkpoint(), ScopeClosedError)
    assert.deepEqual(generator.next(), { value: undefined, done: true })

    const asynchronous = invokeHere(async function* () {
      yield current()
      yield current()
    })
    const scopes: Scope[] = []
    for await (const s of asynchronous()) scopes.push(s)
    assert.equal(scopes.length, 2)
    assert.equal(scopes[0], scopes[1])
  })

  test('takes values sent to it, and runs its finally with a scope when the reader leaves', async () => {
    const echo = invokeHere(function* (): Generator<number, void, number> {
      try {
        let value = 0
        for (;;) value = yield value
      } finally {
        current().checkpoint()
        order.push('finally')
      }
    })
    const order: string[] = []
    const generator = echo()
    generator.next()
    assert.deepEqual(generator.next(7), { value: 7, done: false })
    generator.return()
    const error = new Error('thrown in')
    const other = echo()
    other.next()
    assert.throws(() => other.throw(error), error)
    for await (const value of invokeHere(async function* () {
      const s = current()
      try {
        yield 1
      } finally {
        s.checkpoint()
        order.push('async finally')
      }
    })()) {
      assert.equal(value, 1)
      break
    }
    assert.deepEqual(order, ['finally', 'finally', 'async finally'])
  })

  test('ends with its exit handlers, and with the failure of what it spawned', async () => {
    const error = new Error('child')
    const order: string[] = []
    const values = invokeHere(async function* () {
      const s = current()
      s.onExit(() => order.push('exit'))
      yield 1
      s.spawn(() => Promise.reject(error))
    })
    const seen: number[] = []
    await assert.rejects(async () => {
      for await (const value of values()) seen.push(value)
    }, error)
    assert.deepEqual(seen, [1])
    assert.deepEqual(order, ['exit'])
  })

  test('made inside a task keeps that task’s scope', async () => {
    const values = invokeHere(function* () {
      yield current()
    })
    await scope(async s => {
      const generator = values()
      await s.sleep(0)
      assert.equal(generator.next().value, s)
    })
  })
})
