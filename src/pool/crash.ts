import type { Entry } from '../call/entry.ts'
import { describeTask } from '../call/task.ts'
import { WorkerCrashedError, WorkerOutOfMemoryError } from '../core/errors.ts'
import type { WorkerExit } from './transport.ts'

/** The error of a call whose worker died under it: what ended the worker, and what was running. */
export function crashError(
  entry: Entry,
  worker: string,
  exit: WorkerExit,
  memoryLimit: number | undefined,
): WorkerCrashedError {
  const { exitCode, signal, error } = exit
  const fields = { exitCode, signal, task: entry.work.task.name, worker, ...(error === undefined ? {} : { cause: error }) }
  const what = `while it ran ${describeTask(entry.work.task)}`
  const bundle = entry.items > 1 ? ` (${entry.items} items of a map ran as one; pass chunk: 1 to keep them apart)` : ''
  if (exit.outOfMemory) {
    return new WorkerOutOfMemoryError(
      `${worker} ran out of memory ${what}${bundle}: its limit was ${memoryLimit === undefined ? "Node's own" : `${memoryLimit} MB`}. ` +
        `Give the task less at once, or raise memoryLimit (megabytes).`,
      fields,
    )
  }
  return new WorkerCrashedError(`${worker} died ${what}${bundle}: ${causeOf(exit)}`, fields)
}

function causeOf({ exitCode, signal, error }: WorkerExit): string {
  if (error !== undefined) {
    return `an error was thrown that nothing caught: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`
  }
  if (signal) return `it was ended by ${signal}`
  return `it exited with code ${exitCode}, as by process.exit(${exitCode}); a task should return or throw instead`
}
