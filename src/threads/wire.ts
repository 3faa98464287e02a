import type { MessagePort } from 'node:worker_threads'
import type { WorkerInit } from '../pool/wire/transport.ts'

/** What a thread finds in `workerData`, beside what is the user's: nothing. */
export interface ThreadData {
  readonly skein: {
    readonly port: MessagePort
    /** Memory of the ledger and of the rings. */
    readonly ledger: SharedArrayBuffer
    readonly requests: SharedArrayBuffer
    readonly replies: SharedArrayBuffer
    readonly init: WorkerInit
    /** See `ThreadsOptions`; milliseconds. */
    readonly spin: number
  }
}
