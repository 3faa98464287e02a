import { isWorker, markWorker } from '../../core/program/start-guard.ts'
import { loadOwnFile } from './load-task.ts'

/**
 * Makes a worker of this thread or process, which was started with the file of a bundle. What is at the top level of the program
 * runs here too, after this; its `main` does not, and it is kept from starting workers of its own.
 *
 * @param url the file
 */
export function serveInProgram(url: string, serve: () => void): void {
  if (isWorker()) return
  markWorker('a worker')
  loadOwnFile(url)
  serve()
}
