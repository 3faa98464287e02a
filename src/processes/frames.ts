import type { Socket } from 'node:net'
import { deserialize, serialize } from 'node:v8'
import type { WorkerInit } from '../pool/transport.ts'

/**
 * Messages on the socket between a pool and a process.
 *
 *     +----------------+--------+------------------+
 *     | length  u32 LE | kind u8 | body            |     length counts the body
 *     +----------------+--------+------------------+
 *
 * Kind 0 is a JSON array of messages: small plain messages, many at once, are quickest that way. Kind 1 is one message as
 * v8.serialize writes it: everything that structured clone carries. Messages keep their order across both kinds.
 */
const headBytes = 5
const json = 0
const cloned = 1

/** The frame that opens a channel: what the worker has to know. */
export function initFrame(init: WorkerInit): Buffer {
  const body = serialize(init)
  return Buffer.concat([head(body.length, cloned), body])
}

/** Collects messages and makes as few frames of them as it can. */
export class FrameWriter<M> {
  #parts: Buffer[] = []
  /** The messages that will share a JSON frame: one text for all is quicker than one for each. */
  #plain: M[] = []

  /** Adds a message. Throws what v8.serialize throws when it cannot be sent; then nothing is added. */
  add(message: M, isJson: boolean): void {
    if (isJson) {
      this.#plain.push(message)
      return
    }
    const body = serialize(message)
    this.#closePlain()
    this.#parts.push(head(body.length, cloned), body)
  }

  /** Takes everything that was added, in order, as the parts of one write. */
  take(): readonly Buffer[] {
    this.#closePlain()
    const parts = this.#parts
    this.#parts = []
    return parts
  }

  #closePlain(): void {
    if (this.#plain.length === 0) return
    const text = JSON.stringify(this.#plain)
    this.#plain = []
    const frame = Buffer.allocUnsafe(headBytes + Buffer.byteLength(text))
    frame.writeUInt32LE(frame.length - headBytes, 0)
    frame[4] = json
    frame.write(text, headBytes)
    this.#parts.push(frame)
  }
}

function head(length: number, kind: number): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes)
  bytes.writeUInt32LE(length, 0)
  bytes[4] = kind
  return bytes
}

/** Writes parts together, without making one of them: a large one would be copied. */
export function writeParts(socket: Socket, parts: readonly Buffer[]): void {
  if (parts.length === 0) return
  if (parts.length > 1) socket.cork()
  for (const part of parts) socket.write(part)
  if (parts.length > 1) socket.uncork()
}

/** Puts frames together again from the pieces in which they arrive. */
export class FrameReader<M> {
  readonly #onMessages: (messages: readonly M[]) => void
  #chunks: Buffer[] = []
  #size = 0
  /** How many bytes are needed before there is anything to read: the head, then the whole frame. */
  #needed = headBytes

  constructor(onMessages: (messages: readonly M[]) => void) {
    this.#onMessages = onMessages
  }

  /** Takes a piece. All messages that are complete with it are given as one batch. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#size < this.#needed) return
    // Joined only once enough is here, so that a frame of many pieces is copied once.
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#size)
    let at = 0
    let messages: M[] = []
    this.#needed = headBytes
    while (bytes.length - at >= headBytes) {
      const length = bytes.readUInt32LE(at)
      const end = at + headBytes + length
      if (end > bytes.length) {
        this.#needed = headBytes + length
        break
      }
      const body = bytes.subarray(at + headBytes, end)
      if (bytes[at + 4] === json) {
        const batch = JSON.parse(body.toString()) as M[]
        messages = messages.length === 0 ? batch : messages.concat(batch)
      } else {
        messages.push(deserialize(body) as M)
      }
      at = end
    }
    this.#chunks = at < bytes.length ? [bytes.subarray(at)] : []
    this.#size = bytes.length - at
    if (messages.length > 0) this.#onMessages(messages)
  }
}
