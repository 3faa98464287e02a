import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { task } from '../../dist/index.js'
import { wasmTask } from '../../dist/wasm/index.js'

export const wordsIn = text => text.toLowerCase().match(/[a-z]+/g) ?? []
export const words = task(import.meta, wordsIn, { name: 'words' })
export const addPrice = task(import.meta, (sum, sale) => sum + sale.price, { name: 'addPrice' })
export const add = task(import.meta, (a, b) => a + b, { name: 'add' })

/** The module of examples/wasm-simd, where the measurement builds it. */
export const kernels = pathToFileURL(join(tmpdir(), 'skein-bench', 'kernels.wasm'))
export const sum = wasmTask(import.meta, kernels, 'sum', { memory: true })
