import type { MessagePort } from 'node:worker_threads'
import type { WorkerInit } from '../pool/wire/transport.ts'

/** The contents of a thread's `workerData`, to which the user's options add nothing. */
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
