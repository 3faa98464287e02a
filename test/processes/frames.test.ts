import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Reply, reply } from '#skein/pool/wire/messages.js'
import { ReplyReader, ReplyWriter } from '#skein/pool/words/messages.js'
import { DamagedStreamError, FrameReader, FrameWriter } from '#skein/processes/frames.js'

const writerOf = (): FrameWriter<Reply> => new FrameWriter<Reply>(ReplyWriter)
const readerInto = (read: Reply[]): FrameReader<Reply> =>
  new FrameReader<Reply>(ReplyReader, batch => read.push(...batch))

const done = (slot: number, value: unknown): Reply => [reply.done, slot, value, 0, 10 * slot, slot]

const messages: readonly Reply[] = [
  done(1, 'plain'),
  done(2, { text: 'ünïcödé 😀', list: [1, 0.5, true] }),
  done(3, new Map([['a', 1n]])),
  done(4, null),
  done(5, new Uint8Array(70_000).fill(7)),
  done(6, { text: 'ünïcödé 😀', list: [] }),
  [reply.grown],
]

/** As a worker does it. */
function add(writer: FrameWriter<Reply>, message: Reply): void {
  if (!writer.addPlain(message)) writer.add(message, false)
}

function framesOf(list: readonly Reply[] = messages, writer: FrameWriter<Reply> = writerOf()): Buffer {
  for (const message of list) add(writer, message)
  return Buffer.concat(writer.take())
}

describe('frames', () => {
  test('keep the order of messages across both kinds', () => {
    const read: Reply[] = []
    readerInto(read).push(framesOf())
    assert.deepEqual(read, messages)
  })

  test('come together again wherever the pieces were cut', () => {
    const frames = framesOf()
    for (const size of [1, 2, 3, 4, 5, 6, 7, 64, 1_000, 65_536]) {
      const read: Reply[] = []
      const reader = readerInto(read)
      for (let at = 0; at < frames.length; at += size) reader.push(frames.subarray(at, at + size))
      assert.deepEqual(read, messages, `in pieces of ${size} bytes`)
    }
  })

  test('may arrive in memory that is used again for each piece', () => {
    const frames = framesOf()
    for (const size of [3, 100, 1_000, 100_000]) {
      const read: Reply[] = []
      const reader = readerInto(read)
      const memory = Buffer.alloc(size)
      for (let at = 0; at < frames.length; at += size) {
        const bytes = frames.copy(memory, 0, at, at + size)
        reader.push(memory.subarray(0, bytes))
        memory.fill(0xff)
      }
      assert.deepEqual(read, messages, `in pieces of ${size} bytes`)
    }
  })

  test('wait for their last byte, also when the next frame begins in the same piece', () => {
    const writer = writerOf()
    const frames = framesOf(messages, writer)
    const read: Reply[] = []
    const reader = readerInto(read)
    reader.push(frames.subarray(0, -1))
    assert.deepEqual(read, messages.slice(0, -2), 'the last two are in one frame')
    reader.push(Buffer.concat([frames.subarray(-1), framesOf(messages, writer)]))
    assert.deepEqual(read, [...messages, ...messages])
  })

  test('are not mistaken: foreign bytes are refused where they begin, after what stands before them', () => {
    const [first, second] = [framesOf([done(1, new Map())]), framesOf([done(2, 'of another channel'), done(3, 4)])]
    const foreign: readonly Buffer[] = [
      Buffer.from('words that a task has printed'),
      Buffer.alloc(100),
      Buffer.alloc(100, 0xff),
      Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 1, 2, 3]),
      first, // the same once more
      second,
      second.subarray(0, 8),
    ]
    for (const bytes of foreign) {
      for (const size of [1, 5, 1_000]) {
        const read: Reply[] = []
        const reader = readerInto(read)
        const all = Buffer.concat([first, bytes])
        assert.throws(() => {
          for (let at = 0; at < all.length; at += size) reader.push(all.subarray(at, at + size))
        }, DamagedStreamError)
        assert.deepEqual(read, [done(1, new Map())])
      }
    }
  })

  test('that were damaged on their way are refused, and nothing else is thrown', () => {
    const frames = framesOf([done(1, new Map([['a', 'b']])), done(2, [1, 2, { text: 'more' }])])
    for (let at = 0; at < frames.length; at++) {
      for (const mask of [1, 0x80, 0xff]) {
        const damaged = Buffer.from(frames)
        damaged[at] = (damaged[at] as number) ^ mask
        try {
          readerInto([]).push(damaged)
        } catch (error) {
          assert.ok(error instanceof DamagedStreamError, String(error))
        }
      }
    }
  })

  test('put plain messages that follow each other into one frame', () => {
    const writer = writerOf()
    for (let n = 0; n < 10; n++) assert.equal(writer.addPlain(done(n, { n })), true)
    let batches = 0
    const parts = writer.take()
    assert.equal(parts.length, 1)
    new FrameReader<Reply>(ReplyReader, () => batches++).push(parts[0] as Buffer)
    assert.equal(batches, 1)
    assert.deepEqual(writer.take(), [], 'nothing is left')
  })

  test('hold as many messages as there are', () => {
    const many = Array.from({ length: 5_000 }, (_, n) => done(n, { n, text: `the message number ${n}`, list: [n, n] }))
    const read: Reply[] = []
    readerInto(read).push(framesOf(many))
    assert.deepEqual(read, many)
  })

  test('carry as text what has many keys that are data', () => {
    const record = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`key ${n}`, n]))
    const many = Array.from({ length: 300 }, (_, n) => done(n, { ...record, [`own ${n}`]: n }))
    const writer = writerOf()
    for (const message of many) if (!writer.addPlain(message)) writer.add(message, true)
    const parts = writer.take()
    assert.ok(parts.length < 50, `${parts.length} parts`)
    const read: Reply[] = []
    readerInto(read).push(Buffer.concat(parts))
    assert.deepEqual(read, many)
  })

  test('keep what a getter sends while its message is being written', () => {
    const writer = writerOf()
    const nosy = {
      get inner() {
        writer.add(done(2, 'from the getter'), true)
        return 'outer'
      },
    }
    assert.equal(writer.addPlain(done(1, nosy)), true)
    add(writer, done(3, 'after'))
    const read: Reply[] = []
    readerInto(read).push(Buffer.concat(writer.take()))
    assert.deepEqual(read, [done(1, { inner: 'outer' }), done(2, 'from the getter'), done(3, 'after')])
  })

  test('add nothing when a message cannot be sent', () => {
    const writer = writerOf()
    add(writer, done(1, 'before'))
    assert.throws(() => add(writer, done(2, [{ shape: 'that is not defined' }, () => 1])))
    add(writer, done(3, [{ shape: 'that is defined here' }]))
    const read: Reply[] = []
    readerInto(read).push(Buffer.concat(writer.take()))
    assert.deepEqual(read, [done(1, 'before'), done(3, [{ shape: 'that is defined here' }])])
  })
})
