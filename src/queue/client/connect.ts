import { checkKnown } from '../../core/errors/checks.ts'
import { checkQueueName } from '../../call/queue-options.ts'
import type { Store } from '../../stores/roles/store.ts'
import { QueueExecutor } from './queue-executor.ts'
import { openShared, type StoreAddress } from '../open-store.ts'
import type { DurableQueue } from './durable-queue.ts'
import { defaultQueue } from '../default-queue.ts'

/** Options of `connect`. */
export interface ConnectOptions {
  /** The name of the queue that calls go to when they name none. Default: 'default'. */
  readonly queue?: string
}

const known: ReadonlySet<string> = new Set(['queue'])

/**
 * Opens a queue: a place in a store where calls wait for workers, which may run in other programs.
 *
 * With a file it needs no server: `sqlite:jobs.db` is made when it is not there, any number of programs of this machine
 * share it, and what was submitted is kept whatever is killed. `memory:NAME` is for tests and lives in this program
 * alone. Work that only this program needs, and may lose, is better off on `threads()` or `processes()`.
 *
 * **Cancellation**: `close()` when nothing more is to be submitted.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a URL of no known kind, or a wrong option; and what the store says when it
 * cannot be opened.
 *
 * @param store the store: `sqlite:PATH`, with `?durability=relaxed` where the last moments before a power cut may be lost; or
 * `redis://HOST:PORT/DB`, a server that it shares with Celery's workers; or `memory:NAME`; or `{ broker, results }` with a URL each, to
 * keep results in another store than the one in which jobs stand
 * @param options the name of the queue
 * @example
 * import { task } from 'skein'
 * import { connect, work } from 'skein/queue'
 *
 * const greet = task(import.meta, (name: string) => `Hello, ${name}`, { name: 'greet' })
 *
 * const queue = await connect('memory:connect')
 * const job = await queue.submit(greet, 'Ada') // durable from here on
 * const worker = await work({ store: 'memory:connect', tasks: [greet], on: 'loop' }) // usually another program
 * console.log(await job.result()) // Hello, Ada
 * await worker.close()
 * await queue.close()
 */
export async function connect(store: StoreAddress, options: ConnectOptions = {}): Promise<DurableQueue> {
  const name = queueName(options)
  return new QueueExecutor(await openShared(store), name, true)
}

/**
 * A queue in a store that is open already, and stays open when the queue is closed.
 *
 * For programs that keep one store for several queues or for a worker beside them, and for stores with options that a
 * URL cannot say. Everywhere else `connect` is simpler.
 *
 * **Cancellation**: `close()` ends the queue, not the store.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a wrong option.
 *
 * @param store an open store
 * @param options the name of the queue
 * @example
 * import { queueIn } from 'skein/queue'
 * import { memoryStore } from 'skein/stores/memory'
 *
 * const store = memoryStore()
 * const mails = queueIn(store, { queue: 'mails' })
 * console.log((await mails.storeStats()).queues.length, mails.name) // 0 mails
 * await mails.close()
 * await store.close()
 */
export function queueIn(store: Store, options: ConnectOptions = {}): DurableQueue {
  return new QueueExecutor(store, queueName(options), false)
}

function queueName(options: ConnectOptions): string {
  checkKnown(options, known, 'connect option')
  const { queue = defaultQueue } = options
  checkQueueName(queue)
  return queue
}
