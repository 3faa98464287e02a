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
    /** The memory in which it stands which threads of the program live. */
    readonly table: SharedArrayBuffer
    /** See `ThreadsOptions`; milliseconds. */
    readonly spin: number
    /** For a thread that starts with compiled code: where that is, and the options of Node that it is to see. */
    readonly quick: { readonly code: SharedArrayBuffer; readonly execArgv: readonly string[] } | undefined
  }
}
