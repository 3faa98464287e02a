import { type ChunkResult, hasItems } from '../../call/run/entry.ts'
import { flag, kindOfFlags, type Reply, reply, type Request, request } from '../wire/messages.ts'
import type { TextSource, TextTarget } from './long-texts.ts'
import { ValueReader } from './value-reader.ts'
import { isCleanPrototype, ValueWriter } from './value-writer.ts'

/** The most words that a message has: 32 KiB. Copying a longer one as a whole costs less than writing it value by value. */
export const longestMessage = 8_192

/** Writes messages into memory. */
export interface MessageWriter<M> {
  /**
   * Writes a message at this word, `asText` as JSON. Returns how many words it took, 0 when it cannot be written, or when
   * nothing speaks for text after the latest message that could not be written.
   */
  write(at: number, message: M, asText: boolean): number
}

/** Reads messages that a MessageWriter has written. */
export interface MessageReader<M> {
  /** Reads the message that begins at this word. */
  read(at: number): M
  /** The number of words of the message that was read last. */
  readonly length: number
}

/**
 * The form of messages in a ring, and on the way to a process. A frame begins with a word whose four lowest bits are its
 * kind.
 *
 *     mark      what comes next has been posted through the port
 *     call      + flags, + 4096 with limits; slot, task, attempt, credit [, deadline, timeout], arguments
 *     done      slot, at, duration, value
 *     bundle    slot, at, duration, values, failed
 *     message   any other message, as the array that it is
 *     text      any message, as JSON
 */
const frame = { mark: 0, call: 1, done: 2, bundle: 3, message: 4, text: 5 } as const
const withLimits = 4_096

abstract class Writing<M> implements MessageWriter<M> {
  readonly #words: Int32Array
  readonly #longest: number
  readonly #values: ValueWriter

  /** @param texts the place for strings that are too long for a message; without it, such a message cannot be written */
  constructor(words: Int32Array, longest: number, texts?: TextTarget) {
    this.#words = words
    this.#longest = longest
    this.#values = new ValueWriter(words, texts)
  }

  protected abstract put(values: ValueWriter, message: M): boolean

  write(at: number, message: M, asText: boolean): number {
    if (!isCleanPrototype() || (asText && !this.#values.gaveUpAtKeys)) return 0
    this.#values.begin(at, this.#longest)
    try {
      if (asText ? putText(this.#values, message) : this.put(this.#values, message)) return this.#values.finish()
    } catch {
      // A getter has thrown. The encoder that takes the message now meets it again and knows what to say.
    }
    this.#values.rewind()
    return 0
  }

  mark(at: number): void {
    this.#words[at] = frame.mark
  }
}

/** Writes requests. */
export class RequestWriter extends Writing<Request> {
  protected put(values: ValueWriter, message: Request): boolean {
    if (message[0] !== request.call) return putMessage(values, message)
    const { 1: slot, 2: task, 3: args, 4: flags, 5: attempt, 6: credit, 7: deadline, 8: timeout } = message
    if (flags & flag.marked) return false
    const limited = deadline !== undefined
    values.word(frame.call | (flags << 4) | (limited ? withLimits : 0))
    values.word(slot)
    values.word(task)
    values.word(attempt)
    values.word(credit)
    if (limited) {
      values.number(deadline)
      values.number(timeout ?? 0)
    }
    return values.elements(args as readonly unknown[], hasItems(kindOfFlags(flags)))
  }
}

/** Writes replies. */
export class ReplyWriter extends Writing<Reply> {
  protected put(values: ValueWriter, message: Reply): boolean {
    if (message[0] !== reply.done) return putMessage(values, message)
    const { 1: slot, 2: value, 3: marked, 4: at, 5: duration } = message
    if (marked === 1) return false
    values.word(marked === 2 ? frame.bundle : frame.done)
    values.word(slot)
    values.number(at)
    values.number(duration)
    if (marked === 0) return values.value(value)
    const result = value as ChunkResult
    return values.elements(result.values) && values.elements(result.failed)
  }
}

function putMessage(values: ValueWriter, message: Request | Reply): boolean {
  values.word(frame.message)
  return values.elements(message)
}

function putText(values: ValueWriter, message: unknown): boolean {
  values.word(frame.text)
  return values.value(JSON.stringify(message))
}

abstract class Reading<M> implements MessageReader<M> {
  readonly #words: Int32Array
  readonly #values: ValueReader
  length = 0

  constructor(words: Int32Array, texts?: TextSource) {
    this.#words = words
    this.#values = new ValueReader(words, texts)
  }

  protected abstract get(values: ValueReader, head: number): M

  get isLarge(): boolean {
    return this.#values.isLarge
  }

  isMark(at: number): boolean {
    return this.#words[at] === frame.mark
  }

  read(at: number): M {
    const values = this.#values
    values.begin(at)
    const head = values.word()
    const message = head === frame.text ? (JSON.parse(values.value() as string) as M) : this.get(values, head)
    this.length = values.at - at
    return message
  }
}

/** Reads requests. */
export class RequestReader extends Reading<Request> {
  protected get(values: ValueReader, head: number): Request {
    if ((head & 15) === frame.message) return values.value() as Request
    const flags = (head & (withLimits - 1)) >> 4
    const slot = values.word()
    const task = values.word()
    const attempt = values.word()
    const credit = values.word()
    if (!(head & withLimits)) return [request.call, slot, task, values.value(), flags, attempt, credit]
    const deadline = values.number()
    const timeout = values.number()
    return [request.call, slot, task, values.value(), flags, attempt, credit, deadline, timeout]
  }
}

/** Reads replies. */
export class ReplyReader extends Reading<Reply> {
  protected get(values: ValueReader, head: number): Reply {
    if (head === frame.message) return values.value() as Reply
    const slot = values.word()
    const at = values.number()
    const duration = values.number()
    const value = values.value()
    if (head === frame.done) return [reply.done, slot, value, 0, at, duration]
    return [reply.done, slot, { values: value, failed: values.value() }, 0, at, duration]
  }
}
