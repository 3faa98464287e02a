import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { call, InvalidArgumentError, loop, scope, task } from 'skein'
import type { CallOptions, Executor, Transferable } from 'skein'

const first = task(import.meta, function first(bytes: Uint8Array) {
  return bytes[0]
})
const double = task(import.meta, function double(n: number) {
  return n * 2
})

describe('the options of a call', () => {
  const refusal = (transfer: unknown): RegExp | string => {
    try {
      call(first, new Uint8Array(1)).with({ transfer: transfer as Transferable[] })
    } catch (error) {
      assert.ok(error instanceof InvalidArgumentError)
      return error.message
    }
    return 'no error'
  }

  test('take buffers and ports to transfer', () => {
    const { port1, port2 } = new MessageChannel()
    assert.equal(refusal([new ArrayBuffer(1), port1]), 'no error')
    port1.close()
    port2.close()
  })

  test('refuse a view to transfer, and say that its buffer can move', () => {
    assert.match(String(refusal([new Uint8Array(1)])), /^transfer\[0\] is a Uint8Array, .*\.buffer/)
    assert.match(String(refusal([new ArrayBuffer(1), Buffer.alloc(1)])), /^transfer\[1\] is a Buffer, .*\.buffer/)
    assert.match(String(refusal([new Int8Array(1)])), /is an Int8Array/)
    assert.match(String(refusal([new Uint8Array(new SharedArrayBuffer(1))])), /shared.* leave it out/)
  })

  test('refuse what is copied or shared anyway', () => {
    assert.match(String(refusal([new SharedArrayBuffer(1)])), /leave it out of the list/)
    assert.match(String(refusal([{}])), /^transfer\[0\] must be .* got an Object/)
    assert.match(String(refusal(new ArrayBuffer(1))), /must be an array .* got an ArrayBuffer/)
  })

  test('name what was given with the article that it has', () => {
    const options = { signal: new AbortController() } as unknown as CallOptions
    assert.throws(() => call(double, 1).with(options), /got an AbortController/)
  })
})

describe('what is no task or executor', () => {
  test('a call in the place of a task is told as such', () => {
    assert.throws(() => loop.map(call(double, 1) as never, [1]), /got a call of task double: pass the task itself/)
  })

  test('anything else is described', () => {
    assert.throws(() => call({} as never), /Expected a task, got an Object/)
    assert.throws(() => call((() => 1) as never), /got the plain function 'anonymous'/)
    assert.throws(() => call(undefined as never), /got undefined/)
  })

  test('a scope is lent to an executor and to nothing else', async () => {
    const wrong = scope(s => s.on('threads' as unknown as Executor).run(double, 1))
    await assert.rejects(wrong, { code: 'SKEIN_INVALID_ARGUMENT', message: /s\.on needs an executor, got 'threads'/ })
  })
})
