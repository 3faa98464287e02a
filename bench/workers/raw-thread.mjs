/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins, only windows do */
// A bare worker thread with nothing around it: the limit that a pool made of single postMessage calls cannot pass.
import { parentPort } from 'node:worker_threads'
import { kernels } from '../work.mjs'

parentPort.on('message', message => {
  if (message.batch !== undefined) {
    parentPort.postMessage(message.batch.map(({ at, name, arg }) => ({ at, value: kernels[name](arg) })))
  } else {
    const { at, name, arg } = message
    const value = kernels[name](arg)
    if (value instanceof Promise) void value.then(late => parentPort.postMessage({ at, value: late }))
    else parentPort.postMessage({ at, value })
  }
})
