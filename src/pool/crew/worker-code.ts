import { setImmediate } from '../../core/time/platform.ts'
import { compileJoined } from '../wire/joined.ts'
import { codeMemory, writeCode } from '../wire/compiled-code.ts'

let code: Uint8Array | undefined
let isMade = false
let memory: SharedArrayBuffer | undefined

/** The code, compiled once for the whole program; undefined if it can't be: a worker compiles it by itself then. */
function make(): Uint8Array | undefined {
  if (isMade) return code
  isMade = true
  try {
    code = compileJoined()
  } catch {
    // The worker will say what is wrong with its files.
  }
  return code
}

/**
 * The memory in which the threads of this program find their code compiled. That is done while the first of them starts, which takes
 * longer: so the first one has it in time, and the program is not kept from starting it.
 */
export function sharedCode(): SharedArrayBuffer {
  if (memory === undefined) {
    const made = (memory = codeMemory())
    setImmediate(() => writeCode(made, make))
  }
  return memory
}

/** Calls back with the code: at once if there is some, else when what runs now has returned to the event loop. */
export function withCode(take: (code: Uint8Array | undefined) => void): void {
  if (isMade) take(code)
  else setImmediate(() => take(make()))
}
