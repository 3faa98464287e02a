import { makeCall } from '../call/call.ts'
import { WorkerCrashedError } from '../core/errors/errors.ts'
import { processes } from '../processes/index.ts'
import type { AnyTask } from './contender.ts'
import { isGeneratorTask } from './settle-each.ts'

/**
 * Runs a few calls in a process of their own before the task is let near this one: a task that ends its process, or never
 * ends, would take the comparison with it.
 *
 * Returns the reason why the task must not run in this process, or undefined when it may.
 * Throws what starting the task throws when its module cannot be loaded: then nothing can be compared.
 */
export async function tryOut(task: AnyTask, inputs: readonly unknown[], budget: number): Promise<string | undefined> {
  const pool = processes({ minWorkers: 1, workers: 1, output: 'tagged' })
  const collects = isGeneratorTask(task)
  const runOne = async (input: unknown): Promise<void> => {
    const call = makeCall<AsyncIterable<unknown>>(task, [input]).with({ timeout: budget })
    if (!collects) return void (await pool.run(call))
    for await (const value of pool.stream(call)) void value
  }
  /** Runs one call; says why it is dangerous, if it is. */
  const attempt = async (input: unknown): Promise<string | undefined> => {
    const begun = performance.now()
    try {
      await runOne(input)
    } catch (error) {
      if (isHopeless(error)) throw error
      return dangerOf(error, performance.now() - begun, budget)
    }
    return undefined
  }
  try {
    const first = await attempt(inputs[0])
    if (first !== undefined) return first
    const begun = performance.now()
    const enough = Math.min(budget * 0.04, 600)
    let calls = 1
    do {
      const unsafe = await attempt(inputs[calls % inputs.length])
      if (unsafe !== undefined) return unsafe
      calls++
    } while (calls < inputs.length && performance.now() - begun < enough)
    return undefined
  } finally {
    await pool.close({ cancel: true })
  }
}

function dangerOf(error: unknown, passed: number, budget: number): string | undefined {
  if (error instanceof WorkerCrashedError) {
    const how = error.signal ? `by ${error.signal}` : `with exit code ${error.exitCode}`
    return `in the trial run the task ended its process (${how}), so it was kept away from this one.`
  }
  if ((error as { code?: unknown } | null)?.code === 'SKEIN_TIMEOUT' && passed >= budget * 0.9) {
    return `in the trial run a call had not ended after ${Math.round(budget / 1000)} s.`
  }
  return undefined
}

/** Failures that every call would meet: the task cannot be loaded. */
function isHopeless(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && hopeless.has(code)
}

const hopeless: ReadonlySet<string> = new Set([
  'SKEIN_TASK_MODULE',
  'SKEIN_TYPESCRIPT_LOADER',
  'SKEIN_TASK_NOT_FOUND',
  'SKEIN_WORKER_START',
  'SKEIN_NESTED_START',
])
