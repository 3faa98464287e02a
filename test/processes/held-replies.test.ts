import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type Reply, reply } from '#skein/pool/wire/messages.js'
import { ReplyReader, ReplyWriter } from '#skein/pool/words/messages.js'
import { FrameReader, FrameWriter } from '#skein/processes/frames.js'
import { HeldReader, HeldWriter } from '#skein/processes/held-replies.js'

const start = 24

const done = (slot: number, value: unknown): Reply => [reply.done, slot, value, 0, 10 * slot, slot]

describe('replies that a process holds back', () => {
  const path = join(tmpdir(), `skein-held-${process.pid}`)
  let fd: number
  let writer: FrameWriter<Reply>
  let reader: FrameReader<Reply>
  let held: { readonly writer: HeldWriter; readonly reader: HeldReader }
  let read: Reply[]

  beforeEach(() => {
    writeFileSync(path, Buffer.alloc(start))
    fd = openSync(path, 'r+')
    writer = new FrameWriter<Reply>(ReplyWriter)
    read = []
    reader = new FrameReader<Reply>(ReplyReader, batch => read.push(...batch))
    held = { writer: new HeldWriter(fd, start), reader: new HeldReader(fd, start) }
  })

  afterEach(() => {
    closeSync(fd)
    rmSync(path)
  })

  /** Adds messages and writes them down without sending them. */
  const hold = (...messages: Reply[]): void => {
    for (const message of messages) assert.ok(writer.addPlain(message))
    assert.ok(writer.writeDown(held.writer))
  }
  const send = (): void => reader.push(Buffer.concat(writer.take()))
  const look = (): void => reader.look(held.reader)

  test('are found there, in order, each once', () => {
    hold(done(1, { name: 'a' }), done(2, { name: 'b' }))
    hold(done(3, { name: 'c', list: [1, 0.5] }))
    look()
    look()
    assert.deepEqual(read, [done(1, { name: 'a' }), done(2, { name: 'b' }), done(3, { name: 'c', list: [1, 0.5] })])
  })

  test('are passed over when they come through the socket', () => {
    hold(done(1, { name: 'a' }))
    look()
    hold(done(2, { name: 'b' }))
    writer.addPlain(done(3, { other: 'c' }))
    send()
    look()
    assert.deepEqual(read, [done(1, { name: 'a' }), done(2, { name: 'b' }), done(3, { other: 'c' })])
  })

  test('are not read there after they have come through the socket', () => {
    hold(done(1, 'a'), done(2, 'b'))
    send()
    look()
    hold(done(3, 'c'))
    send()
    look()
    assert.deepEqual(read, [done(1, 'a'), done(2, 'b'), done(3, 'c')])
  })

  test('are found among older ones that lie behind them', () => {
    hold(done(1, 'a long text that takes more words than the next one'), done(2, 'b'))
    hold(done(3, 'c'))
    send()
    hold(done(4, 'd'))
    look()
    assert.deepEqual(read.slice(3), [done(4, 'd')])
  })

  test('wait until what was sent before them has arrived', () => {
    writer.addPlain(done(1, 'sent'))
    const underWay = Buffer.concat(writer.take())
    hold(done(2, 'held'))
    look()
    assert.deepEqual(read, [])
    reader.push(underWay)
    look()
    assert.deepEqual(read, [done(1, 'sent'), done(2, 'held')])
  })

  test('wait for a clone that was sent before them', () => {
    hold(done(1, 'a'))
    writer.add(done(2, new Map([['b', 1]])), false)
    assert.equal(writer.writeDown(held.writer), false, 'a clone cannot be written down')
    const underWay = Buffer.concat(writer.take())
    look()
    hold(done(3, 'c'))
    look()
    assert.deepEqual(read, [done(1, 'a')])
    reader.push(underWay)
    look()
    send()
    assert.deepEqual(read, [done(1, 'a'), done(2, new Map([['b', 1]])), done(3, 'c')])
  })

  test('do not count where they are half written or damaged', () => {
    hold(done(1, 'a'))
    hold(done(2, 'b'.repeat(100)))
    const whole = readFileSync(path)
    for (let at = start; at < whole.length; at += 4) {
      writeSync(fd, Buffer.from([(whole[at] as number) ^ 0x41]), 0, 1, at)
      const found: Reply[] = []
      new FrameReader<Reply>(ReplyReader, batch => found.push(...batch)).look(held.reader)
      assert.deepEqual(found, [done(1, 'a')].slice(0, found.length), `damaged at ${at}`)
      writeSync(fd, whole, at, 4, at)
    }
    look()
    assert.equal(read.length, 2)
  })

  test('of many sizes arrive once each, whenever the pool looks', () => {
    let seed = 7
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff
      return (seed >>> 8) % below
    }
    const sent: Reply[] = []
    let underWay: Buffer[] = []
    for (let n = 0; n < 5_000; n++) {
      const message = done(n, { [`key${random(9)}`]: 'x'.repeat(random(random(10) === 0 ? 3_000 : 20)) })
      sent.push(message)
      if (random(20) === 0) writer.add(message, false)
      else assert.ok(writer.addPlain(message))
      const next = random(6)
      if (next === 0) writer.writeDown(held.writer)
      else if (next === 1) underWay.push(...writer.take())
      else if (next === 2) look()
      else if (next === 3) {
        for (const part of underWay) reader.push(part)
        underWay = []
      }
    }
    for (const part of [...underWay, ...writer.take()]) reader.push(part)
    assert.deepEqual(read, sent)
  })
})
