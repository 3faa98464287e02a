import { nodeV8 } from '../../core/node.ts'
import { DeniedError } from '../../core/errors/permission.ts'
import type { Entry, Work } from '../../call/run/entry.ts'
import { explainFailure, tryToClone } from '../../call/codec/explain.ts'
import { describeTask } from '../../call/define/identity.ts'
import {
  UnsendableError,
  WorkerCrashedError,
  WorkerOutOfMemoryError,
  WorkerStartError,
} from '../../core/errors/errors.ts'
import { messageInside } from '../../core/errors/foreign.ts'
import type { PoolSettings } from './pool-options.ts'
import type { WorkerExit } from './transport.ts'

/** The other facts about the death of a worker. */
export interface Death {
  /** The pool itself has ended it, for another call. */
  readonly forced?: boolean
  /** It had not begun with the call, and is the last of so many of which that is true. */
  readonly lost?: number
}

/** The error of a call whose worker died under it: what ended the worker, and what was running. */
export function crashError(
  entry: Entry,
  worker: string,
  exit: WorkerExit,
  memoryLimit: number | undefined,
  { forced, lost }: Death,
): WorkerCrashedError {
  const { exitCode, signal, error } = exit
  const fields = {
    exitCode,
    signal,
    task: entry.work.task.name,
    worker,
    ...(error === undefined ? {} : { cause: error }),
  }
  const task = describeTask(entry.work.task)
  const what =
    lost === undefined
      ? `while it ran ${task}`
      : `before it began with ${task}, as ${lost - 1} others did: to read what this call is given may be what ends them`
  const { items } = entry.terms
  const bundle =
    items === 1
      ? ''
      : entry.kind === 'chain'
        ? `, or one of the ${items - 1} calls behind it in its graph, which ran with it as one`
        : ` (${items} items of a map ran as one; pass chunk: 1 to keep them apart)`
  if (forced) {
    return new WorkerCrashedError(
      `${worker} was ended ${what}, because another call in it ignored its cancellation. ` +
        `A stream that has yielded values is not run again; keep calls apart with concurrency: 1.`,
      fields,
    )
  }
  if (exit.outOfMemory) {
    return new WorkerOutOfMemoryError(
      `${worker} ran out of memory ${what}${bundle}: its limit was ${memoryLimit === undefined ? "Node's own" : `${memoryLimit} MB`}. ` +
        `Give the task less at once, or raise memoryLimit (megabytes).`,
      fields,
    )
  }
  return new WorkerCrashedError(`${worker} died ${what}${bundle}: ${causeOf(exit)}`, fields)
}

function causeOf({ exitCode, signal, error, unreadable }: WorkerExit): string {
  if (unreadable !== undefined) return `what it sent could not be read (${messageInside(unreadable)}), so it was ended`
  if (error !== undefined) {
    return `an error was thrown that nothing caught: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`
  }
  if (signal) return `it was ended by ${signal}`
  return `it exited with code ${exitCode}, as by process.exit(${exitCode}); a task should return or throw instead`
}

/** The error of a call that never ran, and never can, because what was moved to its worker has gone with that. */
export function lostError(entry: Entry): WorkerCrashedError {
  const { task } = entry.work
  return new WorkerCrashedError(
    `Task ${describeTask(task)} was not run: ${entry.workerName} did not come to it, and what was handed over with move(…) ` +
      `is there and cannot go to another one. Pass it without move if it must survive its worker.`,
    { exitCode: null, signal: null, task: task.name, worker: entry.workerName },
  )
}

/** The error of a call that never ran because its worker could not be started. `cause` is an error, or how it exited. */
export function startError(entry: Entry, worker: string, cause: unknown, settings: PoolSettings): WorkerStartError {
  const why = cause instanceof Error ? cause.message : describeExit(cause as WorkerExit)
  const { execArgv = [] } = settings
  const given = execArgv.length > 0 ? ` (${execArgv.join(' ')})` : ''
  const what = `${worker} could not be started, so task ${entry.work.task.name} could not run: ${why}.`
  return new WorkerStartError(
    cause instanceof DeniedError
      ? `${what} Start it with these, too.`
      : `${what} Check the initializer, execArgv${given}, env and memoryLimit of ${settings.name}.`,
    cause instanceof Error ? { cause } : {},
  )
}

/** The reason for which a worker counts as not started: it has not been ready in time. */
export function slowStart({ startTimeout, initializer }: PoolSettings): Error {
  const first = initializer === undefined ? '' : `, its initializer ${initializer.task.name} included`
  return new Error(`it was not ready within ${startTimeout} ms${first} (startTimeout)`)
}

/** The error of a call whose module was not imported in time. */
export function slowImport(entry: Entry, worker: string, { startTimeout, name }: PoolSettings): WorkerStartError {
  return new WorkerStartError(
    `${worker} was ended because it had not imported the module of ${describeTask(entry.work.task)} within ${startTimeout} ms. ` +
      `Look there for an await at the top level that never ends, or work that takes long; or raise startTimeout of ${name}.`,
  )
}

function describeExit(exit: WorkerExit): string {
  return exit.signal ? `it was ended by ${exit.signal}` : `it exited with code ${exit.exitCode} before it was ready`
}

/** The same error, naming the task whose argument or result could not be sent. Other errors pass. */
export function unsendableBy(task: string, error: unknown): unknown {
  if (!(error instanceof UnsendableError)) return error
  return new UnsendableError(`Task ${task}: ${error.message}`, {
    path: error.path,
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  })
}

/** The codec let a message pass, the transport did not, and says no more than this. */
export function unsendableArgument(place: 'thread' | 'process', error: unknown): UnsendableError {
  return new UnsendableError(
    `An argument cannot be sent to a ${place}: ${messageInside(error)}. Pass plain data instead.`,
    { path: 'arguments', cause: error },
  )
}

/** The codec let the arguments of a call pass, the transport did not: finds out which part it was. */
export function unsendableCall(kind: 'threads' | 'processes', work: Work, error: unknown): unknown {
  const { args, moved } = work
  const attempt =
    kind === 'threads' ? (part: unknown) => tryToClone(part, moved) : (part: unknown) => void nodeV8().serialize(part)
  return unsendableBy(work.task.name, explainFailure(args, 'arguments', error, attempt))
}
