/**
 * What every thread of a pool runs first: skein's own JavaScript, whatever language the tasks are written in, because a
 * Worker cannot be pointed at a TypeScript file on every supported Node.
 */
import { threadId, workerData } from 'node:worker_threads'
import { Host } from '../pool/host.ts'
import { afterOutput } from '../pool/output.ts'
import { markWorker } from '../pool/start-guard.ts'
import type { HostLink } from '../pool/transport.ts'
import type { Reply, Request } from '../pool/wire.ts'
import { Batch, readBatch } from './batch.ts'
import { SharedWorkerLedger } from './shared-ledger.ts'
import type { ThreadData } from './wire.ts'

const { port, memory, init } = (workerData as ThreadData).skein

const batch = new Batch<Reply>()
const link: HostLink = {
  post: (message, json) => batch.add(message, json),
  flush: refused => batch.send(port, refused),
}

/** Ends the thread after what its tasks have printed has been taken over. */
function exit(): void {
  afterOutput(() => process.exit(0))
}

markWorker(init.name)
const host = new Host(link, new SharedWorkerLedger(memory), init, exit, 'threads')
port.on('message', (data: string | Request[]) => host.onRequests(readBatch(data)))
void host.start(threadId)
