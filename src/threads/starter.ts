import { workerData } from 'node:worker_threads'
import { programFile, fileOfCaller, starterBeside } from '../core/report/own-file.ts'
import { runtime } from '../core/system/runtime.ts'
import { serveInProgram } from '../pool/host/serve-in-program.ts'
import { serveThread } from './serve.ts'
import type { ThreadData } from './wire.ts'

/**
 * The file that a thread is started with. Where a bundler has put skein and the program into one file, it is that file, which
 * serves the pool because of the last lines here.
 */
export function threadFile(): URL {
  return bootstrap() ?? programFile(fileOfCaller())
}

/** The file for a thread that gets its code compiled; undefined where it cannot. */
export function quickThreadFile(): URL | undefined {
  return runtime.takesCompiledCode ? starterBeside(fileOfCaller(), 'threads/starter.js', './bootstrap.cjs') : undefined
}

function bootstrap(): URL | undefined {
  return starterBeside(fileOfCaller(), 'threads/starter.js', './bootstrap.js')
}

const started = (workerData as Partial<ThreadData> | null)?.skein
if (started !== undefined && bootstrap() === undefined) {
  serveInProgram(programFile(fileOfCaller()).href, () => serveThread(started))
}
