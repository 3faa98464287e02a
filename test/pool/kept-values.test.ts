import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityOf, put } from 'skein'
import { encode, newCallEncoding, newEncoding } from '#skein/call/codec/codec.js'
import { stateOf } from '#skein/call/codec/put.js'
import { Host } from '#skein/pool/host/host.js'
import { flag, type Reply, reply, request } from '#skein/pool/wire/messages.js'
import { Dictionary, wordAt } from '../conformance/tasks/handing-over.ts'

test('a worker that drops a value while a call waits there still gives it to that call', async () => {
  const answers: Reply[] = []
  let told: () => void = () => undefined
  const answered = new Promise<void>(resolve => (told = resolve))
  const host = new Host(
    {
      post: message => {
        answers.push(message)
        if (message[0] === reply.done || message[0] === reply.failed) told()
      },
      flush: () => undefined,
    },
    { arrived: () => undefined, start: () => true, begin: () => undefined, cancelledBy: () => undefined },
    { name: 'thread 1', concurrency: 1, epoch: 0, slots: 4 },
    () => undefined,
    'threads',
  )
  const handle = put(new Dictionary(['a', 'b']))
  const { id } = stateOf(handle)
  const into = newEncoding('threads')
  const value = structuredClone(encode(new Dictionary(['a', 'b']), 'value', into))
  const args: unknown = structuredClone(encode([handle, 1], 'arguments', newCallEncoding('threads')))
  const { url, name } = identityOf(wordAt) ?? assert.fail('no task')
  // In one batch, so that the call has not begun when the value is dropped.
  host.onRequests([
    [request.task, 0, url, name],
    [request.put, id, value, into.marked ? 1 : 0],
    [request.call, 0, 0, args, flag.marked | flag.puts, 1, 0],
    [request.drop, id],
  ])
  await answered
  const last = answers.at(-1) ?? assert.fail('no answer')
  assert.deepEqual([last[0], last[2]], [reply.done, 'b'])
  await handle.close()
})
