// The worker's side of the bare ring: skein's own transport with nothing around it.
import { workerData } from 'node:worker_threads'
import { ReplyWriter, RequestReader } from '../../build/modules/pool/words/messages.js'
import { Listener, openOutlet, ringLayout } from '../../build/modules/threads/ring/link.js'
import { kernels } from '../work.mjs'

const { port, requests, replies } = workerData
const done = 3
const outlet = openOutlet(port, replies, ringLayout, ReplyWriter)
const refused = (_, error) => {
  throw error
}
new Listener(port, requests, ringLayout, RequestReader, messages => {
  for (const [, slot, , args] of messages) outlet.post([done, slot, kernels.echo(args[0]), 0, 0, 0])
  outlet.flush(refused)
})
