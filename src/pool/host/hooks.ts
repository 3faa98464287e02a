import { encodeError, type ErrorEnvelope } from '../../call/codec/envelope.ts'
import { thrownError } from '../../call/run/runner.ts'
import type { Hook, WorkerInit } from '../wire/transport.ts'
import type { MemoryWatch } from './memory-watch.ts'
import { runHook } from './run-hook.ts'

/** Runs the initializer. Resolves to the error for which the worker cannot be used; undefined if it can. */
export async function setUp(
  { initializer, maxMemory }: WorkerInit,
  memory: MemoryWatch,
): Promise<ErrorEnvelope | undefined> {
  const failure = await failureOf(initializer)
  if (failure !== undefined || !memory.tooMuch()) return failure
  const megabytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20)
  const first = initializer === undefined ? '' : `, after its initializer ${initializer.name}`
  return encodeError(
    new Error(
      `it uses ${megabytes(memory.used())} MB when it is new${first}, which is more than maxWorkerMemory allows ` +
        `(${megabytes(maxMemory ?? 0)} MB): each worker would be replaced after one call`,
    ),
  )
}

/** Runs the finalizer. Resolves to the error with which it failed. */
export async function tearDown({ finalizer }: WorkerInit): Promise<ErrorEnvelope | undefined> {
  return failureOf(finalizer)
}

async function failureOf(hook: Hook | undefined): Promise<ErrorEnvelope | undefined> {
  if (hook === undefined) return undefined
  try {
    await runHook(hook)
    return undefined
  } catch (error) {
    return encodeError(thrownError(error, hook.name))
  }
}
