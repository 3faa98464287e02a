/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins, only windows do */
// Computes a part of the items of a map, all at once.
import { parentPort } from 'node:worker_threads'
import { kernels } from '../work.mjs'

parentPort.on('message', ({ name, part }) => {
  const results = part.map(kernels[name])
  parentPort.postMessage(results, [results.buffer])
})
