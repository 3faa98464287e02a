/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins, only windows do */
import { fork } from 'node:child_process'
import { Worker } from 'node:worker_threads'

/**
 * No pool at all: bare workers, each call goes to the one with the fewest in flight. A reference, not a peer: no errors, no cancellation, no queue.
 * `batched` sends all calls of one turn of the event loop in one message per worker.
 */
export async function open({ workers, place, batched }) {
  const waiting = new Map()
  const loads = Array.from({ length: workers }, () => 0)
  const settle = ({ at, value }) => {
    const { resolve, lane } = waiting.get(at)
    waiting.delete(at)
    loads[lane]--
    resolve(value)
  }
  const receive = message => (Array.isArray(message) ? message.forEach(settle) : settle(message))
  const lanes = Array.from({ length: workers }, () => (place === 'processes' ? openFork(receive) : openThread(receive)))
  const batches = lanes.map(() => [])
  let scheduled = false
  let next = 0

  function flush() {
    scheduled = false
    for (const [lane, batch] of batches.entries()) {
      if (batch.length === 0) continue
      lanes[lane].send({ batch })
      batches[lane] = []
    }
  }

  return {
    bind: name => arg =>
      new Promise(resolve => {
        const at = next++
        const lane = loads.indexOf(Math.min(...loads))
        loads[lane]++
        waiting.set(at, { resolve, lane })
        if (!batched) return lanes[lane].send({ at, name, arg })
        batches[lane].push({ at, name, arg })
        if (scheduled) return
        scheduled = true
        queueMicrotask(flush)
      }),
    close: () => Promise.all(lanes.map(lane => lane.close())),
  }
}

function openThread(receive) {
  const worker = new Worker(new URL('../workers/raw-thread.mjs', import.meta.url))
  worker.on('message', receive)
  return { send: message => worker.postMessage(message), close: () => worker.terminate() }
}

function openFork(receive) {
  const child = fork(new URL('../workers/raw-fork.mjs', import.meta.url))
  child.on('message', receive)
  return {
    send: message => child.send(message),
    close: () =>
      new Promise(resolve => {
        child.once('exit', resolve)
        child.disconnect()
      }),
  }
}
