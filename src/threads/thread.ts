import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { Transferable } from '../call/options.ts'
import { type Ended, UnsendableError } from '../core/errors.ts'
import { tagLines } from '../pool/output.ts'
import type { PoolSettings } from '../pool/pool-options.ts'
import type { Transport, TransportEvents, WorkerExit, WorkerInit } from '../pool/transport.ts'
import type { Reply, Request } from '../pool/wire.ts'
import { Batch, readBatch } from './batch.ts'
import { ledgerMemory, SharedPoolLedger } from './shared-ledger.ts'
import type { ThreadData } from './wire.ts'

/** A worker thread and the message port to it. */
export class Thread implements Transport {
  readonly ledger: SharedPoolLedger
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #events: TransportEvents
  readonly #batch = new Batch<Request>()
  #error: unknown
  #outOfMemory = false
  #closed = false

  constructor(init: WorkerInit, settings: PoolSettings, events: TransportEvents) {
    this.#events = events
    const memory = ledgerMemory(init.slots)
    this.ledger = new SharedPoolLedger(memory)
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const data: ThreadData = { skein: { port: port2, memory, init } }
    const tagged = settings.output === 'tagged'
    try {
      this.#worker = new Worker(new URL('./bootstrap.js', import.meta.url), {
        workerData: data,
        transferList: [port2],
        name: init.name,
        stdout: tagged,
        stderr: tagged,
        ...(settings.env ? { env: { ...process.env, ...settings.env } as Record<string, string> } : {}),
        ...(settings.execArgv ? { execArgv: [...settings.execArgv] } : {}),
        ...(settings.memoryLimit ? { resourceLimits: { maxOldGenerationSizeMb: settings.memoryLimit } } : {}),
      })
    } catch (error) {
      port1.close()
      throw error
    }
    if (tagged) {
      tagLines(this.#worker.stdout, process.stdout, init.name)
      tagLines(this.#worker.stderr, process.stderr, init.name)
    }
    port1.on('message', (data: string | Reply[]) => events.onReplies(readBatch(data)))
    port1.once('close', () => (this.#closed = true))
    this.#worker.on('error', (error: unknown) => {
      this.#error = error
      this.#outOfMemory = (error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
    })
    this.#worker.on('exit', exitCode => this.#gone(exitCode))
  }

  /** The thread has ended and so has the port, which gives everything that the thread has posted before it closes. */
  #gone(exitCode: number): void {
    const exit: WorkerExit = {
      exitCode,
      signal: null,
      outOfMemory: this.#outOfMemory,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    }
    if (this.#closed) return this.#events.onExit(exit)
    this.#port.once('close', () => this.#events.onExit(exit))
    // A port whose other end was never taken up does not close by itself.
    setImmediate(() => this.#port.close())
  }

  post(request: Request, json: boolean, transfer?: readonly Transferable[]): void {
    if (!transfer || transfer.length === 0) {
      this.#batch.add(request, json)
      return
    }
    this.flush() // what was posted before must arrive before
    try {
      this.#port.postMessage([request], transfer)
    } catch (error) {
      throw unsendable(error)
    }
  }

  flush(): void {
    this.#batch.send(this.#port, (request, error) => this.#events.onRefused(request, unsendable(error)))
  }

  ref(): void {
    this.#worker.ref()
    this.#port.ref()
  }

  unref(): void {
    this.#worker.unref()
    this.#port.unref()
  }

  async terminate(): Promise<Ended> {
    await this.#worker.terminate()
    return 'terminated'
  }
}

function unsendable(error: unknown): UnsendableError {
  const text = error instanceof Error ? error.message : String(error)
  return new UnsendableError(
    `An argument cannot be sent to a thread: ${text.replace(/\.$/, '')}. Pass plain data instead.`,
    {
      path: 'arguments',
      cause: error,
    },
  )
}
