/**
 * The first module of a thread whose code its program has compiled: what `bootstrap.ts` does, out of the joined scripts. The build makes
 * CommonJS of it, which a thread begins with at once.
 */
import { workerData } from 'node:worker_threads'
import { joined } from '../pool/wire/joined.ts'
import { readCode } from '../pool/wire/compiled-code.ts'
import type { serveThread } from './serve.ts'
import type { ThreadData } from './wire.ts'

const { skein } = workerData as ThreadData
if (skein.quick) {
  process.execArgv = [...skein.quick.execArgv]
  const [, host] = joined(readCode(skein.quick.code))
  ;(host['threads_serve$serveThread'] as typeof serveThread)(skein)
}
