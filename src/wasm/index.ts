/// <reference types="node" preserve="true" />
/**
 * WebAssembly as tasks: functions that a compiler has made of C, Rust or AssemblyScript, on any thread, over memory that threads share.
 *
 * @module
 */
export { WasmMemory, type WasmMemoryOptions } from './wasm-memory.ts'
export { type WasmFunction, wasmTask, type WasmTaskOptions } from './wasm-task.ts'
