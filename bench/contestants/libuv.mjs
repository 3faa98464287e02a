import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compiled, compilerPresent } from '../lib/compiler.mjs'

/** libuv's declarations lie beside Node; its functions are in Node itself. */
const headers = fileURLToPath(new URL('../include/node', pathToFileURL(process.execPath)))

/** True where an addon for this Node can be compiled. */
export const libuvPresent = compilerPresent && existsSync(`${headers}/uv.h`)

/** Two threads that wake each other out of event loops of libuv's, without V8. */
export async function open() {
  const { file, remove } = compiled('libuv.c', ['-shared', '-fPIC', '-pthread', `-I${headers}`])
  return { roundTrips: createRequire(import.meta.url)(file).roundTrips, close: remove }
}
