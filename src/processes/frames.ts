import type { Writable } from 'node:stream'
import type { WorkerInit } from '../pool/wire/transport.ts'
import { nodeV8 } from '../core/node.ts'
import { mostWords } from './limits.ts'
import { longestMessage, type MessageReader, type MessageWriter } from '../pool/words/messages.ts'
import type { HeldReader, HeldWriter } from './held-replies.ts'
import { messageOf } from '../core/errors/foreign.ts'
import { readClone } from './read-clone.ts'

/**
 * Messages on the sockets between a pool and a process.
 *
 *     +----------------+---------+-----------+------------------+
 *     | length  u32 LE | kind u8 | check u24 | body             |     length counts the body
 *     +----------------+---------+-----------+------------------+
 *
 * Kind 0 is plain messages, many at once, in the words that a thread's ring carries, too (`pool/words`); both ends are on one
 * machine, so the order of their bytes is the same. Kind 1 is one message as v8.serialize writes it: everything that
 * structured clone carries. Messages keep their order across both kinds.
 *
 * The check is made of the length, the kind and the number of the frame: the descriptors of a process are open to everything that runs
 * in it, and what somebody else writes there must not be taken for a frame of gigabytes.
 *
 * Both ends count the words that have gone through, and each clone as one: the position in the stream.
 */
const headBytes = 8
const inWords = 0
const cloned = 1

/** The most bytes of a body. */
const mostBytes = 2 ** 31 - 1

/** The failure of a channel: what has arrived was not written by its other end, or cannot be read. */
export class DamagedStreamError extends Error {
  override name = 'DamagedStreamError'
}

/** The frame that opens a channel: what the worker has to know. */
export function initFrame(init: WorkerInit): Buffer {
  const body = nodeV8().serialize(init)
  return Buffer.concat([head(body.length, cloned, 0), body])
}

/** Collects messages and makes as few frames of them as it can. */
export class FrameWriter<M> {
  readonly #words = new Int32Array(mostWords)
  readonly #bytes = Buffer.from(this.#words.buffer)
  readonly #plain: MessageWriter<M>
  /** The words that will be a frame, how many of them are written down, and their position. */
  #used = 0
  #written = 0
  #position = 0
  #parts: Buffer[] = []
  #frames: number
  #writing = false
  /** The messages that a getter has sent while the message with that getter was being written. */
  #waiting: (readonly [message: M, isJson: boolean])[] = []

  /** @param frames how many frames have been written already */
  constructor(Writer: new (words: Int32Array, longest: number) => MessageWriter<M>, frames = 0) {
    this.#frames = frames
    this.#plain = new Writer(this.#words, longestMessage)
  }

  /** Adds a message whose contents have not been encoded, if they are so plain that they need not be. False: nothing was added. */
  addPlain(message: M): boolean {
    return this.#write(message, false)
  }

  /**
   * Adds a message whose contents are encoded, and which is not plain. Throws what v8.serialize throws when it cannot be sent;
   * then nothing is added.
   *
   * @param isJson true when JSON would reproduce it exactly
   */
  add(message: M, isJson: boolean): void {
    if (this.#writing) {
      this.#waiting.push([message, isJson])
      return
    }
    if (isJson && this.#write(message, true)) return
    const body = nodeV8().serialize(message)
    if (body.length > mostBytes) throw new RangeError(`it has ${body.length} bytes, and no more than ${mostBytes} fit`)
    this.#closeWords()
    this.#parts.push(head(body.length, cloned, this.#frames++), body)
    this.#position = (this.#position + 1) | 0
  }

  #write(message: M, asText: boolean): boolean {
    if (this.#writing) return false
    if (this.#used + longestMessage > mostWords) this.#closeWords()
    this.#writing = true
    const words = this.#plain.write(this.#used, message, asText)
    this.#writing = false
    this.#used += words
    for (const [each, isJson] of this.#waiting.splice(0)) if (!this.addPlain(each)) this.add(each, isJson)
    return words > 0
  }

  /** Writes down what was added and has not been taken. False: that is not possible for all of it. */
  writeDown(held: HeldWriter): boolean {
    if (this.#parts.length > 0) return false
    if (this.#written === this.#used) return true
    if (this.#written === 0) held.clear()
    const words = this.#words.subarray(this.#written, this.#used)
    if (!held.write((this.#position + this.#written) | 0, words)) return false
    this.#written = this.#used
    return true
  }

  /** Takes everything that was added, in order, as the parts of one write. */
  take(): readonly Buffer[] {
    this.#closeWords()
    const parts = this.#parts
    this.#parts = []
    return parts
  }

  #closeWords(): void {
    if (this.#used === 0) return
    const length = this.#used * 4
    const frame = Buffer.allocUnsafe(headBytes + length)
    writeHead(frame, length, inWords, this.#frames++)
    this.#bytes.copy(frame, headBytes, 0, length)
    this.#parts.push(frame)
    this.#position = (this.#position + this.#used) | 0
    this.#used = this.#written = 0
  }
}

function head(length: number, kind: number, frames: number): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes)
  writeHead(bytes, length, kind, frames)
  return bytes
}

function writeHead(bytes: Buffer, length: number, kind: number, frames: number): void {
  bytes.writeUInt32LE(length, 0)
  bytes.writeUInt32LE(kindAndCheck(length, kind, frames), 4)
}

/** The second half of a head: the kind in its lowest byte, and a check. */
function kindAndCheck(length: number, kind: number, frames: number): number {
  const mixed = Math.imul(length ^ Math.imul(frames + 1, 0x9e37_79b1), 0x85eb_ca6b) + Math.imul(kind + 1, 0xc2b2_ae35)
  return (((mixed ^ (mixed >>> 15)) & 0xff_ff_ff_00) | kind) >>> 0
}

/** Writes parts together, without making one of them: a large one would be copied. */
export function writeParts(stream: Writable, parts: readonly Buffer[]): void {
  if (parts.length === 0) return
  if (parts.length > 1) stream.cork()
  for (const part of parts) stream.write(part)
  if (parts.length > 1) stream.uncork()
}

/** Puts frames together again from the pieces in which they arrive. */
export class FrameReader<M> {
  readonly #words = new Int32Array(mostWords)
  readonly #bytes = Buffer.from(this.#words.buffer)
  readonly #plain: MessageReader<M>
  readonly #onMessages: (messages: readonly M[]) => void
  /** A frame of which not all has arrived: its head, its body as soon as the head is known, and how many bytes of both are here. */
  readonly #head = Buffer.alloc(headBytes)
  #body: Buffer | undefined
  #arrived = 0
  /** The place up to which the stream has been read: further, when something was read that was held back. */
  #position = 0
  #read = 0
  #frames = 0

  constructor(Reader: new (words: Int32Array) => MessageReader<M>, onMessages: (messages: readonly M[]) => void) {
    this.#plain = new Reader(this.#words)
    this.#onMessages = onMessages
  }

  /**
   * Takes a piece, whose memory may be used again afterwards. Passes on all messages that are complete with it as one batch.
   * Throws a DamagedStreamError where something cannot be read, after what stands before that.
   */
  push(piece: Buffer): void {
    const messages: M[] = []
    let damage: DamagedStreamError | undefined
    try {
      let at = this.#arrived > 0 ? this.#takePart(piece, 0, messages) : 0
      while (at < piece.length) at = this.#takeWhole(piece, at, messages) ?? this.#takePart(piece, at, messages)
    } catch (error) {
      damage = new DamagedStreamError(messageOf(error), { cause: error })
    }
    if (messages.length > 0) this.#onMessages(messages)
    if (damage) throw damage
  }

  /** The length of the body behind this head. Throws when it is none. */
  #lengthIn(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32LE(at)
    const kind = bytes[at + 4] as number
    const isOurs = bytes.readUInt32LE(at + 4) === kindAndCheck(length, kind, this.#frames) && kind <= cloned
    if (!isOurs || length > (kind === inWords ? mostWords * 4 : mostBytes)) {
      throw new Error('there are bytes on its channel that skein has not written')
    }
    return length
  }

  /** Reads a frame in its place. Returns where it ends, or undefined when its end has not arrived. */
  #takeWhole(piece: Buffer, at: number, messages: M[]): number | undefined {
    const bodyAt = at + headBytes
    if (bodyAt > piece.length) return undefined
    const end = bodyAt + this.#lengthIn(piece, at)
    if (end > piece.length) return undefined
    this.#readFrame(piece[at + 4], piece.subarray(bodyAt, end), messages)
    return end
  }

  /** Copies what has arrived of a frame, and reads it with its last byte. Returns how far it reaches in this piece. */
  #takePart(piece: Buffer, from: number, messages: M[]): number {
    let at = from
    if (this.#body === undefined) {
      at += this.#copyTo(this.#head, this.#arrived, piece, at)
      if (this.#arrived < headBytes) return at
      this.#body = Buffer.allocUnsafeSlow(this.#lengthIn(this.#head, 0))
    }
    at += this.#copyTo(this.#body, this.#arrived - headBytes, piece, at)
    if (this.#arrived === headBytes + this.#body.length) {
      const body = this.#body
      this.#body = undefined
      this.#arrived = 0
      this.#readFrame(this.#head[4], body, messages)
    }
    return at
  }

  #copyTo(target: Buffer, start: number, piece: Buffer, at: number): number {
    const bytes = piece.copy(target, start, at)
    this.#arrived += bytes
    return bytes
  }

  #readFrame(kind: number | undefined, body: Buffer, messages: M[]): void {
    this.#frames++
    if (kind === inWords) return this.#readWords(body, messages)
    const message = readClone(body)
    if (typeof message !== 'object' || message === null) throw new Error('what was read is not a message')
    messages.push(message as M)
    this.#passed(1)
  }

  /** Reads what the other side holds back. It will come through the stream, too, and is passed over then. */
  look(held: HeldReader): void {
    const messages: M[] = []
    for (const { position, words } of held.records()) {
      if (position !== this.#read) continue
      this.#words.set(words)
      this.#readRange(0, words.length, messages)
      this.#read = (position + words.length) | 0
    }
    if (messages.length > 0) this.#onMessages(messages)
  }

  #readWords(body: Buffer, messages: M[]): void {
    body.copy(this.#bytes)
    const words = body.length >> 2
    this.#readRange((this.#read - this.#position) | 0, words, messages)
    this.#passed(words)
  }

  #readRange(from: number, end: number, messages: M[]): void {
    for (let word = from; word < end;) {
      messages.push(this.#plain.read(word))
      word += this.#plain.length
      if (this.#plain.length < 1 || word > end) throw new Error('a message does not end where its frame does')
    }
  }

  #passed(count: number): void {
    this.#position = (this.#position + count) | 0
    if (((this.#position - this.#read) | 0) > 0) this.#read = this.#position
  }
}
