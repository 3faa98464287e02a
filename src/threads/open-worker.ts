import { Worker, type WorkerOptions } from 'node:worker_threads'
import { messageOf } from '../core/errors/foreign.ts'
import { sharedCode } from '../pool/crew/worker-code.ts'
import { flagsOfThreads, hasConfigFile, quickFlag } from '../pool/wire/inherited-flags.ts'
import { quickThreadFile, threadFile } from './starter.ts'
import type { ThreadData } from './wire.ts'

/** Options of this program's Node that a thread does not take, since they are for the whole process; known once one was refused. */
const ofProcess = new Set<string>()

/**
 * Starts a thread, with compiled code where that can be: then it is told so by an option of Node, and has to be given all other options
 * beside that, which it would inherit otherwise.
 *
 * @param execArgv the options of Node that the pool was told to give it
 */
export function openWorker(
  data: Omit<ThreadData['skein'], 'quick'>,
  options: WorkerOptions,
  execArgv: readonly string[] | undefined,
): Worker {
  const file = execArgv === undefined && hasConfigFile(process.execArgv) ? undefined : quickThreadFile()
  const given = execArgv ?? flagsOfThreads(process.execArgv)
  const start = (url: URL, quick: ThreadData['skein']['quick'], flags: readonly string[] | undefined): Worker =>
    new Worker(url, {
      ...options,
      workerData: { skein: { ...data, quick } } satisfies ThreadData,
      ...(flags ? { execArgv: [...flags] } : {}),
    })
  if (file === undefined) return start(threadFile(), undefined, given)
  const quick = { code: sharedCode(), execArgv: given ?? process.execArgv }
  for (;;) {
    const flags = quick.execArgv.filter(flag => !ofProcess.has(flag))
    try {
      return start(file, quick, [...flags, quickFlag])
    } catch (error) {
      const refused = execArgv === undefined ? refusedOf(error, flags) : []
      if (refused.length === 0) return start(threadFile(), undefined, given)
      for (const flag of refused) ofProcess.add(flag)
    }
  }
}

/** Those of the options that Node has refused to give to a thread. */
function refusedOf(error: unknown, flags: readonly string[]): string[] {
  if ((error as { code?: unknown } | null)?.code !== 'ERR_WORKER_INVALID_EXEC_ARGV') return []
  const said = messageOf(error).split(/[ ,]+/)
  return flags.filter(flag => said.includes(flag))
}
