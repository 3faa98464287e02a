/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins, only windows do */
// One of the threads of measure/shared.mjs.
import { parentPort, workerData } from 'node:worker_threads'
import { kernels } from '../shared/kernels.mjs'

const { spec, what, data, cells, kernel, ...rest } = workerData
const { open } = await import(`../shared/${spec.library}.mjs`)
parentPort.postMessage(kernels[kernel]({ ...rest, cells, data, open: packed => open(what, packed, cells) }))
