/**
 * The first module of a process whose code its program has compiled: what `bootstrap.ts` does, out of the joined scripts. The build makes
 * CommonJS of it, which a process begins with at once.
 */
import { joined } from '../pool/wire/joined.ts'
import { quickFlag } from '../pool/wire/inherited-flags.ts'
import { readCodeFile } from './code-file.ts'
import type { serveProcess } from './serve.ts'

process.execArgv = process.execArgv.filter(flag => flag !== quickFlag)
const [, host] = joined(readCodeFile())
;(host['processes_serve$serveProcess'] as typeof serveProcess)()
