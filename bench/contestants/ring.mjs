import { MessageChannel, Worker } from 'node:worker_threads'
import { ReplyReader, RequestWriter } from '../../build/modules/pool/words/messages.js'
import { ringMemory } from '../../build/modules/threads/ring/layout.js'
import { Listener, openOutlet, ringLayout } from '../../build/modules/threads/ring/link.js'

const call = 1

/** Skein's rings without its pool: the limit of what the pool can reach. Only `echo`; a reference, not a peer. */
export async function open({ workers }) {
  const lanes = Array.from({ length: workers }, openLane)
  return {
    bind: () => arg => {
      let lane = lanes[0]
      for (const other of lanes) if (other.load < lane.load) lane = other
      return lane.run(arg)
    },
    close: () => Promise.all(lanes.map(lane => lane.close())),
  }
}

function openLane() {
  const { port1, port2 } = new MessageChannel()
  const requests = ringMemory(ringLayout)
  const replies = ringMemory(ringLayout)
  const worker = new Worker(new URL('../workers/ring-thread.mjs', import.meta.url), {
    workerData: { port: port2, requests, replies },
    transferList: [port2],
  })
  const outlet = openOutlet(port1, requests, ringLayout, RequestWriter)
  const waiting = []
  const free = []
  let scheduled = false
  const refused = (_, error) => {
    throw error
  }
  const flush = () => {
    scheduled = false
    outlet.flush(refused)
  }
  const lane = {
    load: 0,
    run: arg =>
      new Promise(resolve => {
        const slot = free.pop() ?? waiting.length
        waiting[slot] = resolve
        lane.load++
        outlet.post([call, slot, 0, [arg], 0, 1, 0])
        if (scheduled) return
        scheduled = true
        queueMicrotask(flush)
      }),
    close: () => worker.terminate(),
  }
  new Listener(port1, replies, ringLayout, ReplyReader, messages => {
    for (const [, slot, value] of messages) {
      lane.load--
      free.push(slot)
      waiting[slot](value)
    }
  })
  return lane
}
