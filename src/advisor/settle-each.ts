import { makeCall } from '../call/call.ts'
import type { Executor } from '../call/executor.ts'
import type { Settled } from '../core/combine/map-results.ts'
import type { CallOptions } from '../call/options.ts'
import { lookup } from '../call/define/registry.ts'
import { type AnyFunction, identityOf } from '../call/define/identity.ts'
import type { Task } from '../call/define/task.ts'

/** Options of `settleEach`. */
export interface SettleOptions {
  readonly timeout?: number
  readonly retries?: number
  readonly signal?: AbortSignal
  readonly chunk?: number | 'auto'
  readonly lookAhead?: number
}

/** True for a task whose function is a generator, sync or async: its values are to be collected. */
export function isGeneratorTask(task: Task): boolean {
  const identity = identityOf(task)
  const fn: AnyFunction | undefined = identity && lookup(identity)
  return fn !== undefined && /^\[object (Async)?GeneratorFunction\]$/.test(Object.prototype.toString.call(fn))
}

/**
 * Runs a task over items on any executor and yields how each ended, as they complete. The values of a generator task come
 * as one array an item.
 */
export function settleEach(
  executor: Executor,
  task: Task<(input: unknown) => unknown>,
  items: Iterable<unknown> | AsyncIterable<unknown>,
  options: SettleOptions = {},
): AsyncIterable<Settled<unknown>> {
  if (isGeneratorTask(task)) return collectStreams(executor, task, items, options)
  return executor.map(task as never, items as Iterable<never>, { ...options, settle: true, ordered: false })
}

async function* collectStreams(
  executor: Executor,
  task: Task<(input: unknown) => unknown>,
  items: Iterable<unknown> | AsyncIterable<unknown>,
  { timeout, retries, signal }: SettleOptions,
): AsyncGenerator<Settled<unknown>> {
  const options: CallOptions = {
    ...(timeout === undefined ? {} : { timeout }),
    ...(retries === undefined ? {} : { retries }),
    ...(signal === undefined ? {} : { signal }),
  }
  const collect = async (index: number, item: unknown): Promise<Settled<unknown>> => {
    const value: unknown[] = []
    try {
      const call = makeCall<AsyncIterable<unknown>>(task, [item]).with(options)
      for await (const each of executor.stream(call)) value.push(each)
      return { state: 'done', index, value }
    } catch (error) {
      return { state: 'failed', index, error }
    }
  }
  const running = new Map<number, Promise<Settled<unknown>>>()
  let index = 0
  for await (const item of items) {
    signal?.throwIfAborted()
    running.set(index, collect(index, item))
    index++
    if (running.size >= executor.capacity) yield await takeFirst(running)
  }
  while (running.size > 0) yield await takeFirst(running)
}

async function takeFirst(running: Map<number, Promise<Settled<unknown>>>): Promise<Settled<unknown>> {
  const first = await Promise.race(running.values())
  running.delete(first.index)
  return first
}
