import assert from 'node:assert/strict'
import { MessageChannel } from 'node:worker_threads'
import { type Reply, reply } from '#skein/pool/wire/messages.js'
import { ReplyReader, ReplyWriter } from '#skein/pool/words/messages.js'
import { ringMemory } from '#skein/threads/ring/layout.js'
import { Listener, openOutlet, ringLayout } from '#skein/threads/ring/link.js'
import type { Outlet } from '#skein/threads/ring/outlet.js'

/** Both ends of one direction, in this thread. */
export class Direction {
  readonly #channel = new MessageChannel()
  readonly outlet: Outlet<Reply>
  readonly received: unknown[] = []
  readonly refused: unknown[] = []
  #wanted = 0
  #onEnough: (() => void) | undefined
  readonly listener: Listener<Reply>
  /** How often the port was used. */
  posted = 0

  constructor(spin = 0) {
    const memory = ringMemory(ringLayout)
    this.outlet = openOutlet<Reply>(this.#channel.port1, memory, ringLayout, ReplyWriter)
    const heard = (messages: readonly Reply[]): void => {
      for (const message of messages) this.received.push(message[2])
      if (this.received.length >= this.#wanted) this.#onEnough?.()
    }
    this.listener = new Listener(this.#channel.port2, memory, ringLayout, ReplyReader, heard, assert.fail, spin)
    this.#channel.port2.on('message', () => this.posted++)
  }

  send(value: unknown): void {
    this.outlet.post([reply.done, 0, value, 0, 0, 0])
  }

  flush(): void {
    this.outlet.flush(message => this.refused.push(message[2]))
  }

  /** Resolves when so many messages have arrived. */
  arrived(count: number): Promise<void> {
    this.#wanted = count
    if (this.received.length >= count) return Promise.resolve()
    return new Promise(resolve => (this.#onEnough = resolve))
  }

  close(): void {
    this.#channel.port1.close()
  }
}

export async function withDirection(use: (direction: Direction) => Promise<void>, spin?: number): Promise<void> {
  const direction = new Direction(spin)
  try {
    await use(direction)
  } finally {
    direction.close()
  }
}
