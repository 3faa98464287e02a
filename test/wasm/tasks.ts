import { task } from 'skein'
import { type WasmMemory, wasmTask } from 'skein/wasm'

const file = new URL('./kernels.wasm', import.meta.url)
const shared = new URL('./shared.wasm', import.meta.url)

export const add = wasmTask<(a: number, b: number) => number>(import.meta, file, 'add')
export const addLong = wasmTask<(a: bigint, b: bigint) => bigint>(import.meta, file, 'addLong')
export const divide = wasmTask<(a: number, b: number) => number>(import.meta, file, 'divide')
export const outside = wasmTask<() => number>(import.meta, file, 'outside')
export const asserts = wasmTask<(n: number) => number>(import.meta, file, 'asserts')
export const deep = wasmTask<(n: number) => number>(import.meta, file, 'deep')
export const forever = wasmTask<() => void>(import.meta, file, 'forever')
export const absent = wasmTask<() => void>(import.meta, file, 'absent')
export const withoutMemory = wasmTask<() => void>(import.meta, shared, 'fill', { name: 'withoutMemory' })
export const noFile = wasmTask<() => void>(import.meta, new URL('./no.wasm', import.meta.url), 'noFile')
export const noModule = wasmTask<() => void>(import.meta, new URL(import.meta.url), 'noModule')
export const fill = wasmTask<(from: number, to: number, value: number) => void>(import.meta, shared, 'fill', {
  memory: true,
})
export const pagesOf = task(import.meta, (memory: WasmMemory) => memory.buffer.byteLength / 65_536, { name: 'pagesOf' })
export const isSame = task(import.meta, (a: WasmMemory, b: WasmMemory) => a === b && a.grow(1) > 0, { name: 'isSame' })
