import { nodeThreads } from '../core/node.ts'
import { markWorker } from '../core/program/start-guard.ts'
import { adoptThreadTable } from '../core/system/thread-table.ts'
import { Host } from '../pool/host/host.ts'
import { afterOutput } from '../pool/host/output.ts'
import type { HostLink } from '../pool/wire/transport.ts'
import type { Reply } from '../pool/wire/messages.ts'
import { reply } from '../pool/wire/messages.ts'
import { ReplyWriter, RequestReader } from '../pool/words/messages.ts'
import { Listener, openOutlet, ringLayout } from './ring/link.ts'
import { SharedWorkerLedger } from './shared-ledger.ts'
import type { ThreadData } from './wire.ts'

/** Makes this thread a worker of the pool that has started it. */
export function serveThread({ port, ledger, requests, replies, init, table, spin }: ThreadData['skein']): void {
  adoptThreadTable(table)
  const outlet = openOutlet<Reply>(port, replies, ringLayout, ReplyWriter)
  const link: HostLink = {
    // A result has been offered to the ring before it was encoded.
    post: (message, json) => {
      if (message[0] !== reply.done) outlet.post(message)
      else if (!json || !outlet.postPlain(message, true)) outlet.postClone(message) // it has been offered before it was encoded
    },
    postPlain: message => outlet.postPlain(message),
    postMoving: (message, moved, refused) => outlet.postTransfer(message, moved, refused),
    flush: refused => {
      outlet.flush(refused)
      listener.expect()
    },
  }
  markWorker(init.name)
  const host = new Host(link, new SharedWorkerLedger(ledger), init, exit, 'threads')
  const listener = new Listener(
    port,
    requests,
    ringLayout,
    RequestReader,
    messages => host.onRequests(messages),
    // It ends the thread: which call it was is not known here, but to the pool.
    error => {
      throw error
    },
    spin,
  )
  void host.start(nodeThreads().threadId)
}

/** Ends the thread after what its tasks have printed has been taken over. */
function exit(): void {
  afterOutput(() => process.exit(0))
}
