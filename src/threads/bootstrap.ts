/**
 * What every thread of a pool runs first: skein's own JavaScript, whatever language the tasks are written in, because a
 * Worker cannot be pointed at a TypeScript file on every supported Node.
 */
import { threadId, workerData } from 'node:worker_threads'
import { Host } from '../pool/host.ts'
import { markWorker } from '../pool/start-guard.ts'
import type { HostLink } from '../pool/transport.ts'
import type { Reply, Request } from '../pool/wire.ts'
import { SharedWorkerLedger } from './shared-ledger.ts'
import type { ThreadData } from './wire.ts'

const { port, memory, init } = (workerData as ThreadData).skein

let outbox: Reply[] = []
const link: HostLink = {
  post: message => void outbox.push(message),
  flush: refused => {
    const replies = outbox
    outbox = []
    try {
      port.postMessage(replies)
      return
    } catch {
      // One of them holds something that cannot be cloned; nothing has been sent. One by one, the others go through.
    }
    for (const each of replies) {
      try {
        port.postMessage([each])
      } catch (error) {
        refused(each, error)
      }
    }
  },
}

/** Ends the thread after what its tasks have printed has been taken over. */
function exit(): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(0)))
}

markWorker(init.name)
const host = new Host(link, new SharedWorkerLedger(memory), init, exit, false)
port.on('message', (requests: Request[]) => host.onRequests(requests))
void host.start(threadId)
