import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { endTaskScope, openTaskScope, type TaskOutcome } from '#skein/core/scope/task-scope.js'
import { type CancelCause } from 'skein/lowlevel'
import { CancelledError, scope, ScopeClosedError, TimeoutError } from 'skein'
import { deferred, rejection, settled } from '../deferred.ts'

describe('the scope of a running task', () => {
  test('knows the name, the attempt and the deadline, and passes progress on', () => {
    const seen: unknown[] = []
    const deadline = Date.now() + 60_000
    const s = openTaskScope({ name: 'resize', attempt: 3, deadline, onProgress: value => seen.push(value) })
    assert.equal(s.name, 'resize')
    assert.equal(s.attempt, 3)
    assert.equal(s.deadline, deadline)
    s.progress('half')
    assert.deepEqual(seen, ['half'])
    void endTaskScope(s, { ok: true, value: 1 })
    s.progress('late')
    assert.deepEqual(seen, ['half'])
    assert.equal(process.getActiveResourcesInfo().includes('Timeout'), false)
    assert.equal(openTaskScope({ name: 'other' }).attempt, 1)
  })

  test('sees a raised flag at each cancel point of a synchronous loop, also in scopes within', async () => {
    let flag: CancelCause | undefined
    const s = openTaskScope({ name: 'loop', probe: () => flag })
    s.checkpoint()
    assert.equal(s.cancelled, false)
    await s.scope(async inner => {
      inner.checkpoint()
      flag = { source: 'timeout', timeout: 20 }
      assert.throws(() => inner.checkpoint(), { code: 'SKEIN_CANCELLED', source: 'timeout' })
    })
    assert.equal(s.cancelled, true)
    assert.throws(() => s.checkpoint(), { code: 'SKEIN_TIMEOUT', timeout: 20 })
    assert.equal(s.signal.aborted, true)
    assert.ok((await rejection(s.sleep(0))) instanceof TimeoutError)
  })

  test('asks the flag no more once the task has ended', () => {
    let asked = 0
    const s = openTaskScope({
      name: 'loop',
      probe: () => {
        asked++
        return undefined
      },
    })
    s.checkpoint()
    void endTaskScope(s, { ok: true, value: 1 })
    assert.equal(asked, 1)
    assert.throws(() => s.checkpoint(), ScopeClosedError)
    assert.equal(s.cancelled, false)
    assert.equal(asked, 1)
  })

  test('does not see the flag inside a shield', async () => {
    const s = openTaskScope({ name: 'loop', probe: () => ({ source: 'explicit' }) })
    assert.throws(() => s.checkpoint(), CancelledError)
    assert.equal(
      await s.shield(
        inner => {
          inner.checkpoint()
          return 'through'
        },
        { timeout: '1s' },
      ),
      'through',
    )
  })

  test('ends at once, with the very outcome, where nothing was started', () => {
    for (const outcome of [
      { ok: true, value: 1 },
      { ok: false, error: new Error('task') },
    ] as TaskOutcome[]) {
      assert.equal(endTaskScope(openTaskScope({ name: 'task' }), outcome), outcome)
    }
  })

  test('waits for what the task spawned, then runs its exit handlers', async () => {
    const s = openTaskScope({ name: 'task' })
    const gate = deferred()
    const order: string[] = []
    s.onExit(() => order.push('exit'))
    s.spawn(async s => {
      await s.wait(gate.promise)
      order.push('child')
    })
    const ending = endTaskScope(s, { ok: true, value: 'value' })
    await settled()
    assert.deepEqual(order, [])
    gate.resolve()
    assert.deepEqual(await ending, { ok: true, value: 'value' })
    assert.deepEqual(order, ['child', 'exit'])
  })

  test('cancels the children of a task that threw, and keeps what it threw', async () => {
    const s = openTaskScope({ name: 'task' })
    const child = s.spawn(s => s.sleep('1h'))
    await settled()
    const error = new Error('task')
    assert.deepEqual(await endTaskScope(s, { ok: false, error }), { ok: false, error })
    assert.equal(child.state, 'cancelled')
    assert.equal(((await rejection(child.result())) as CancelledError).source, 'failure')
  })

  test('fails the task that returned when a child fails', async () => {
    const s = openTaskScope({ name: 'task' })
    const error = new Error('child')
    s.spawn(() => Promise.reject(error))
    assert.deepEqual(await endTaskScope(s, { ok: true, value: 1 }), { ok: false, error })
  })

  test('keeps the value of a task that completed although it was cancelled', async () => {
    const s = openTaskScope({ name: 'task' })
    s.cancelWith({ source: 'timeout', timeout: 5 })
    const outcome: TaskOutcome = { ok: true, value: 1 }
    assert.equal(await endTaskScope(s, outcome), outcome)
  })

  test('leaves no timer after a cancellation', async () => {
    const s = openTaskScope({ name: 'task' })
    s.cancelWith({ source: 'explicit' })
    void endTaskScope(s, { ok: false, error: await rejection(s.sleep(0)) })
    assert.equal(process.getActiveResourcesInfo().includes('Timeout'), false)
  })

  test('owns what the synchronous part of the task starts with scope()', async () => {
    const s = openTaskScope({ name: 'task' })
    const running = rejection(
      s.scope(() => scope(inner => inner.sleep('1h'))), // as a task body would
    )
    s.cancelWith({ source: 'close' })
    assert.equal(((await running) as CancelledError).source, 'close')
  })
})
