import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FrameReader, FrameWriter } from '#skein/processes/frames.js'

const messages: readonly { readonly value: unknown; readonly json: boolean }[] = [
  { value: [1, 'plain'], json: true },
  { value: [2, 'ünïcödé 😀'], json: true },
  { value: [3, new Map([['a', 1n]])], json: false },
  { value: [4, null], json: true },
  { value: [5, new Uint8Array(70_000).fill(7)], json: false },
]

function framesOf(): Buffer {
  const writer = new FrameWriter<unknown>()
  for (const { value, json } of messages) writer.add(value, json)
  return Buffer.concat(writer.take())
}

describe('frames', () => {
  test('keep the order of messages across both kinds', () => {
    const read: unknown[] = []
    new FrameReader<unknown>(batch => read.push(...batch)).push(framesOf())
    assert.deepEqual(
      read,
      messages.map(each => each.value),
    )
  })

  test('come together again wherever the pieces were cut', () => {
    const frames = framesOf()
    for (const size of [1, 2, 3, 4, 5, 6, 7, 64, 1_000, 65_536]) {
      const read: unknown[] = []
      const reader = new FrameReader<unknown>(batch => read.push(...batch))
      for (let at = 0; at < frames.length; at += size) reader.push(frames.subarray(at, at + size))
      assert.deepEqual(
        read,
        messages.map(each => each.value),
        `in pieces of ${size} bytes`,
      )
    }
  })

  test('put plain messages that follow each other into one frame', () => {
    const writer = new FrameWriter<unknown>()
    for (let n = 0; n < 10; n++) writer.add([n], true)
    let batches = 0
    new FrameReader<unknown>(() => batches++).push(Buffer.concat(writer.take()))
    assert.equal(batches, 1)
    assert.deepEqual(writer.take(), [], 'nothing is left')
  })

  test('add nothing when a message cannot be sent', () => {
    const writer = new FrameWriter<unknown>()
    writer.add(['before'], true)
    assert.throws(() => writer.add([() => 1], false))
    writer.add(['after'], true)
    const read: unknown[] = []
    new FrameReader<unknown>(batch => read.push(...batch)).push(Buffer.concat(writer.take()))
    assert.deepEqual(read, [['before'], ['after']])
  })
})
