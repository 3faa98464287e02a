import { workerData } from 'node:worker_threads'
import { NestedStartError } from '../../core/errors/errors.ts'
import { evaluated } from '../../core/program/import-url.ts'
import { markWorker } from '../../core/program/start-guard.ts'
import { programFile, fileOfCaller, starterBeside } from '../../core/report/own-file.ts'

/**
 * The file that the thread of a store is started with. Where a bundler has put skein and the program into one file, it is that
 * file, which serves the store because of the last lines here.
 *
 * **Errors**: `SKEIN_NESTED_START` in such a thread itself, which runs the top level of the program, too.
 */
export function storeThreadFile(url: string): URL {
  if (isStoreThread) {
    throw new NestedStartError(
      `${url} was opened at the top level of a bundle, which runs in the thread of the store as well. Put what starts the program ` +
        `into main(import.meta, async () => { … }).`,
    )
  }
  return separate() ?? programFile(fileOfCaller())
}

function separate(): URL | undefined {
  return starterBeside(fileOfCaller(), 'stores/sqlite/starter.js', './thread/thread.js')
}

const isStoreThread =
  (workerData as { skeinStore?: unknown } | null)?.skeinStore !== undefined && separate() === undefined

if (isStoreThread) {
  markWorker('the thread of a store')
  // Not before: if the top level of the program throws, the thread ends, and with that error.
  void evaluated(programFile(fileOfCaller()).href).then(async () => (await import('./thread/serve.ts')).serveSqlite())
}
