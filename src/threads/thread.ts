import { setImmediate } from '../core/time/platform.ts'
import { environmentOf } from '../pool/wire/environment.ts'
import { MessageChannel, type MessagePort, type ResourceLimits, type Worker } from 'node:worker_threads'
import type { Transferable } from '../call/codec/move.ts'
import { orDenied } from '../core/errors/permission.ts'
import { threadDied, threadTable } from '../core/system/thread-table.ts'
import type { Ended } from '../core/errors/errors.ts'
import { unsendableArgument } from '../pool/wire/failures.ts'
import { tagLines } from '../pool/host/output.ts'
import type { PoolSettings } from '../pool/wire/pool-options.ts'
import type { Transport, TransportEvents, WorkerExit, WorkerInit } from '../pool/wire/transport.ts'
import { type Reply, type Request, request } from '../pool/wire/messages.ts'
import { ReplyReader, RequestWriter } from '../pool/words/messages.ts'
import { ringMemory } from './ring/layout.ts'
import { Listener, openOutlet, ringLayout } from './ring/link.ts'
import type { Outlet } from './ring/outlet.ts'
import { ledgerMemory, SharedPoolLedger } from './shared-ledger.ts'
import { openWorker } from './open-worker.ts'

/**
 * A thread ends by itself at the limit because Node grants it 16 MB more while it is being ended. Since Node 24 the young generation is
 * larger than before, and what survives of it may be more than that at once: then V8 ends the whole program.
 */
function heapLimits(megabytes: number): ResourceLimits {
  return { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: Math.min(48, Math.ceil(megabytes / 2)) }
}

/** From Node 22.16 and 24.0 on a worker can be asked for its heap, also one that is busy. */
interface AskableWorker {
  getHeapStatistics?(): Promise<{ readonly used_heap_size: number; readonly external_memory: number }>
}

/** A worker thread and the message port to it. */
export class Thread implements Transport {
  readonly ledger: SharedPoolLedger
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #events: TransportEvents
  readonly #outlet: Outlet<Request>
  readonly #listener: Listener<Reply>
  #error: unknown
  #unreadable: Error | undefined
  #outOfMemory = false
  #closed = false

  /** @param spin see `ThreadsOptions`; milliseconds */
  constructor(init: WorkerInit, settings: PoolSettings, events: TransportEvents, spin: number) {
    this.#events = events
    const ledger = ledgerMemory(init.slots)
    this.ledger = new SharedPoolLedger(ledger)
    const requests = ringMemory(ringLayout)
    const replies = ringMemory(ringLayout)
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#outlet = openOutlet(port1, requests, ringLayout, RequestWriter)
    const table = threadTable().buffer as SharedArrayBuffer
    const data = { port: port2, ledger, requests, replies, init, table, spin }
    const tagged = settings.output === 'tagged'
    try {
      const options = {
        transferList: [port2],
        name: init.name,
        stdout: tagged,
        stderr: tagged,
        ...(settings.env ? { env: environmentOf(settings.env) } : {}),
        ...(settings.memoryLimit ? { resourceLimits: heapLimits(settings.memoryLimit) } : {}),
      }
      this.#worker = openWorker(data, options, settings.execArgv)
    } catch (error) {
      port1.close()
      throw orDenied(error, { worker: true })
    }
    this.#worker.on('error', (error: unknown) => {
      this.#error = error
      this.#outOfMemory = (error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
    })
    const { threadId } = this.#worker
    this.#worker.on('exit', exitCode => {
      threadDied(threadId) // what it held is nobody's any more
      this.#gone(exitCode)
    })
    if (tagged) {
      tagLines(this.#worker.stdout, process.stdout, init.name)
      tagLines(this.#worker.stderr, process.stderr, init.name)
    }
    this.#listener = new Listener(
      port1,
      replies,
      ringLayout,
      ReplyReader,
      messages => events.onReplies(messages),
      error => {
        this.#unreadable ??= error
        void this.#worker.terminate()
      },
      spin,
    )
    port1.once('close', () => (this.#closed = true))
    this.#worker.unref()
    this.#port.unref()
  }

  /**
   * The thread has ended and so has the port, which delivers everything that the thread has posted before it closes. What
   * it has put into its ring without a bell is read then.
   */
  #gone(exitCode: number): void {
    const exit: WorkerExit = {
      exitCode,
      signal: null,
      outOfMemory: this.#outOfMemory,
      ...(this.#error === undefined ? {} : { error: this.#error }),
      ...(this.#unreadable === undefined ? {} : { unreadable: this.#unreadable }),
    }
    const end = (): void => {
      this.#listener.readAll()
      this.#events.onExit(exit)
    }
    if (this.#closed) return end()
    this.#port.once('close', end)
    // A port whose other end was never taken up does not close by itself. All others do, perhaps after this: a program that was busy may
    // hear of the end before it hears of what was posted.
    setImmediate(() => this.#listener.close())
  }

  post(message: Request, json: boolean, moved?: readonly Transferable[]): void {
    if (moved) {
      try {
        this.#outlet.postTransfer(message, moved, this.#refused)
      } catch (error) {
        throw unsendableArgument('thread', error)
      }
    } else if (message[0] !== request.call) {
      this.#outlet.post(message)
    } else if (!json || !this.#outlet.postPlain(message, true)) {
      this.#outlet.postClone(message) // it has been offered to the ring before it was encoded
    }
  }

  postPlain(message: Request): boolean {
    return this.#outlet.postPlain(message)
  }

  flush(): void {
    this.#outlet.flush(this.#refused)
    this.#listener.expect()
  }

  look(): void {
    this.#listener.look()
  }

  readonly #refused = (message: Request, error: unknown): void =>
    this.#events.onRefused(message, unsendableArgument('thread', error))

  async memory(): Promise<number | undefined> {
    const heap = await (this.#worker as AskableWorker).getHeapStatistics?.().catch(() => undefined)
    return heap && heap.used_heap_size + heap.external_memory
  }

  async terminate(): Promise<Ended> {
    await this.#worker.terminate()
    return 'terminated'
  }
}
