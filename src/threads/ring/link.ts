import { queueMicrotask, setImmediate, steady } from '../../core/time/platform.ts'
import type { MessagePort } from 'node:worker_threads'
import { nodeThreads } from '../../core/node.ts'
import type { Transferable } from '../../call/codec/move.ts'
import type { TextSource, TextTarget } from '../../pool/words/long-texts.ts'
import { longestMessage } from '../../pool/words/messages.ts'
import { type Batch, type FrameReader, Inlet } from './inlet.ts'
import { type RingLayout, textBytes } from './layout.ts'
import { type FrameWriter, Outlet, type OutletPort } from './outlet.ts'
import { RingReceiver } from './receiver.ts'
import { RingSender } from './sender.ts'
import { TextReceiver, TextSender } from './texts.ts'

/**
 * The ring of a thread: 256 KiB, and 8 MiB for long strings, which take no more memory than was needed so far. What has no room there
 * goes through the port, cloned.
 */
export const ringLayout: RingLayout = { size: 65_536, longest: longestMessage, texts: 8_388_608 }

/** After so long without a pause, in milliseconds, timers and sockets get their turn before more messages are read. */
const turn = 2

/** So many things that have come through a port are handled together, at most. */
const together = 4

/** The contents of a port: a bell, or the messages of a batch, with null behind them when there is more. */
type Posted<M> = undefined | readonly (M | null)[]

function batchOf<M>(posted: readonly (M | null)[]): Batch<M> {
  const more = posted.length > 0 && posted[posted.length - 1] === null
  return { more, messages: (more ? posted.slice(0, -1) : posted) as readonly M[] }
}

/** Opens the sending end of a ring. */
export function openOutlet<M>(
  port: MessagePort,
  memory: SharedArrayBuffer,
  layout: RingLayout,
  Writer: new (words: Int32Array, longest: number, texts: TextTarget) => FrameWriter<M>,
): Outlet<M> {
  const words = new Int32Array(memory)
  const beside: OutletPort<M> = {
    ring: () => port.postMessage(undefined),
    batch: (more, messages, transfer) =>
      port.postMessage((more ? [...messages, null] : messages) satisfies Posted<M>, transfer as Transferable[]),
  }
  return new Outlet(
    beside,
    new RingSender(words, layout),
    new Writer(words, layout.longest, new TextSender(words, textBytes(memory, layout), layout)),
  )
}

/**
 * Reads what comes through a ring and its port, and hands it over in batches.
 *
 * It reads on as long as there is something, without waiting for a bell, and lets the event loop have its turn in between;
 * then it sleeps until it is rung. With `spin` it first looks again for a while, once in each turn of the event loop:
 * waking a thread takes longer than most of what it is woken for.
 */
export class Listener<M> {
  readonly #port: MessagePort
  readonly #inlet: Inlet<M>
  readonly #handle: (messages: readonly M[]) => void
  readonly #spin: number
  #awake = false
  #since = 0
  #spinsUntil = 0

  /**
   * @param unreadable called when something has come that cannot be read: what it was is lost, and nothing after it is read
   * @param spin milliseconds; 0: it sleeps as soon as there is nothing
   */
  constructor(
    port: MessagePort,
    memory: SharedArrayBuffer,
    layout: RingLayout,
    Reader: new (words: Int32Array, texts: TextSource) => FrameReader<M>,
    handle: (messages: readonly M[]) => void,
    unreadable: (error: Error) => void,
    spin: number,
  ) {
    const words = new Int32Array(memory)
    this.#port = port
    this.#inlet = new Inlet(
      new RingReceiver(words, layout),
      new Reader(words, new TextReceiver(words, textBytes(memory, layout), layout)),
    )
    this.#handle = handle
    this.#spin = spin
    port.on('message', (posted: Posted<M>) => this.#onPosted(posted))
    port.on('messageerror', unreadable)
  }

  #onPosted(posted: Posted<M>): void {
    this.#inlet.arrived(posted && batchOf(posted))
    // What has been posted meanwhile is handled together with this, so that the answers travel together, too.
    this.#takePosted(together - 1)
    if (this.#awake) return
    this.#awake = true
    this.#since = steady()
    this.#read()
  }

  #takePosted(most: number): void {
    for (let i = 0; i < most; i++) {
      const more = nodeThreads().receiveMessageOnPort(this.#port)
      if (more === undefined) return
      const { message } = more as { readonly message: Posted<M> }
      this.#inlet.arrived(message && batchOf(message))
    }
  }

  /** This side has just sent something: an answer may come soon. */
  expect(): void {
    if (this.#spin === 0) return
    this.#since = steady()
    this.#spinsUntil = this.#since + this.#spin
    if (this.#wake()) setImmediate(this.#read)
  }

  /** Reads what the other side has published, whether it has rung or not. */
  look(): void {
    if (this.#wake()) this.#read()
  }

  /** As if it had been rung. False: it is reading anyway. */
  #wake(): boolean {
    if (this.#awake) return false
    this.#awake = true
    this.#inlet.arrived(undefined)
    return true
  }

  readonly #read = (): void => {
    let messages = this.#inlet.take()
    while (messages.length === 0) {
      if (this.#spin > 0 && steady() < this.#spinsUntil) {
        setImmediate(this.#read)
        return
      }
      if (this.#inlet.mayRest()) {
        this.#awake = false
        return
      }
      messages = this.#inlet.take()
    }
    // Before they are handled, so that an error that a handler lets go does not end the reading.
    this.#readOn()
    this.#handle(messages)
  }

  #readOn(): void {
    const now = steady()
    if (now - this.#since < turn) return queueMicrotask(this.#read)
    this.#since = now
    setImmediate(this.#read)
  }

  /** Closes the port; what was posted and not told yet stays to be read, which a port that closes forgets. */
  close(): void {
    this.#takePosted(Infinity)
    this.#port.close()
  }

  /** Hands over all that is left, now: the sender is gone. */
  readAll(): void {
    for (let messages = this.#inlet.take(); messages.length > 0; messages = this.#inlet.take()) this.#handle(messages)
  }
}
