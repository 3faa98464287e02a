import { Host } from '../pool/host/host.ts'
import { afterOutput } from '../pool/host/output.ts'
import { markWorker } from '../core/program/start-guard.ts'
import type { HostLink, WorkerInit } from '../pool/wire/transport.ts'
import { type Reply, reply, type Request } from '../pool/wire/messages.ts'
import { ReplyWriter, RequestReader } from '../pool/words/messages.ts'
import { ledgerFd } from './descriptors.ts'
import { FileWorkerLedger, ledgerBytes } from './file-ledger.ts'
import { FrameReader, FrameWriter, writeParts } from './frames.ts'
import { HeldWriter } from './held-replies.ts'
import { openReplies, openRequests } from './own-ends.ts'

/** Makes this process a worker of the pool that has started it, over the descriptors that it was given. */
export function serveProcess(): void {
  const replies = openReplies()
  const writer = new FrameWriter<Reply>(ReplyWriter)
  const unsent: { message: Reply; error: unknown }[] = []
  const link: HostLink = {
    post: (message, json) => {
      try {
        // A result has been offered before it was encoded.
        if (message[0] === reply.done || !writer.addPlain(message)) writer.add(message, json)
      } catch (error) {
        unsent.push({ message, error })
      }
    },
    postPlain: message => writer.addPlain(message),
    writeDown: () => held !== undefined && writer.writeDown(held),
    flush: refused => {
      writeParts(replies, writer.take())
      for (const { message, error } of unsent.splice(0)) refused(message, error)
    },
  }

  // Ctrl-C in a terminal reaches the whole group. The program decides what it means; if it dies of it, the channel ends.
  process.on('SIGINT', () => {})

  /** Ends the process after what it has said and printed has been taken over. */
  function exit(): void {
    afterOutput(() => replies.end(() => process.exit(0)))
  }

  let held: HeldWriter | undefined
  let host: Host | undefined
  const reader = new FrameReader<WorkerInit | Request>(RequestReader, messages => {
    if (host) return host.onRequests(messages as readonly Request[])
    const [init, ...calls] = messages as readonly [WorkerInit, ...Request[]]
    process.title = `skein ${init.name}`
    markWorker(init.name)
    held = new HeldWriter(ledgerFd, ledgerBytes(init.slots))
    host = new Host(link, new FileWorkerLedger(ledgerFd, init.slots), init, exit, 'processes')
    void host.start(process.pid)
    if (calls.length > 0) host.onRequests(calls)
  })
  const requests = openRequests(bytes => reader.push(bytes))
  // The pool is gone: nobody is left to work for.
  requests.on('end', () => process.exit(0))
  for (const stream of [requests, replies]) stream.on('error', () => process.exit(0))
}
