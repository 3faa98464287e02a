import { fileURLToPath } from 'node:url'
import { programFile, fileOfCaller, starterBeside } from '../core/report/own-file.ts'
import { runtime } from '../core/system/runtime.ts'
import { quickFlag } from '../pool/wire/inherited-flags.ts'
import { serveInProgram } from '../pool/host/serve-in-program.ts'
import { serveProcess } from './serve.ts'

/** Says to the file of a bundle that it is started as a worker. */
const asWorker = '--skein-worker'

/**
 * The file that a process is started with, and its arguments. Where a bundler has put skein and the program into one file, it is
 * that file, which serves the pool because of the last lines here.
 */
export function processCommand(): string[] {
  const own = bootstrap()
  return own === undefined ? [fileURLToPath(programFile(fileOfCaller())), asWorker] : [fileURLToPath(own)]
}

/** The same for a process that gets its code compiled; undefined where it cannot. */
export function quickProcessCommand(): string[] | undefined {
  const own = runtime.takesCompiledCode
    ? starterBeside(fileOfCaller(), 'processes/starter.js', './bootstrap.cjs')
    : undefined
  return own && [quickFlag, fileURLToPath(own)]
}

function bootstrap(): URL | undefined {
  return starterBeside(fileOfCaller(), 'processes/starter.js', './bootstrap.js')
}

if (process.argv[2] === asWorker && bootstrap() === undefined) {
  process.argv.splice(2, 1)
  serveInProgram(programFile(fileOfCaller()).href, serveProcess)
}
