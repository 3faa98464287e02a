import type { MessagePort } from 'node:worker_threads'
import type { WorkerInit } from '../pool/transport.ts'

/** What a thread finds in `workerData`, beside what is the user's: nothing. */
export interface ThreadData {
  readonly skein: {
    readonly port: MessagePort
    readonly memory: SharedArrayBuffer
    readonly init: WorkerInit
  }
}
