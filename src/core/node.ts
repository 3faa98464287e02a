/**
 * Modules of Node that are loaded when they are first needed: loading them is part of the start of every program, thread and process, of
 * which few need them.
 */
let threads: typeof import('node:worker_threads') | undefined
let v8: typeof import('node:v8') | undefined

export function nodeThreads(): typeof import('node:worker_threads') {
  return (threads ??= process.getBuiltinModule('node:worker_threads'))
}

export function nodeV8(): typeof import('node:v8') {
  return (v8 ??= process.getBuiltinModule('node:v8'))
}
