import { makeCall } from '../call/call.ts'
import { WorkerCrashedError } from '../core/errors.ts'
import { processes } from '../processes/index.ts'
import type { AnyTask } from './contender.ts'
import { isGeneratorTask } from './settle-each.ts'
import { cpuOf } from './system-usage.ts'

/** What a few calls in a process have shown. */
export interface Trial {
  /** Milliseconds that a call takes, about. */
  readonly perCall: number
  /** Share of that time that it computes; undefined where the system doesn't tell. */
  readonly cpuShare: number | undefined
  /** Why the task must not run in this process; undefined when it may. */
  readonly unsafe: string | undefined
}

/**
 * Runs a few calls in a process of their own before the task is let near this one: a task that ends its process, or never
 * ends, would take the comparison with it.
 *
 * Throws what starting the task throws when its module cannot be loaded: then nothing can be compared.
 */
export async function tryOut(task: AnyTask, inputs: readonly unknown[], budget: number): Promise<Trial> {
  const pool = processes({ min: 1, max: 1, name: 'trial' })
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
    // The first call starts the process and compiles the task: it says nothing about the others.
    const first = await attempt(inputs[0])
    if (first !== undefined) return { perCall: budget, cpuShare: undefined, unsafe: first }
    const pids = pool.stats().workers.map(worker => worker.id)
    const cpuBefore = cpuOf(pids)
    const begun = performance.now()
    // The system counts CPU time in steps of 10 ms, so that a single short call seems to use none.
    const enough = Math.min(budget * 0.04, 600)
    let calls = 0
    do {
      const unsafe = await attempt(inputs[(calls + 1) % inputs.length])
      if (unsafe !== undefined) return { perCall: budget, cpuShare: undefined, unsafe }
      calls++
    } while (performance.now() - begun < enough)
    const wall = performance.now() - begun
    const cpuAfter = cpuOf(pids)
    const known = cpuBefore !== undefined && cpuAfter !== undefined
    return { perCall: wall / calls, cpuShare: known ? Math.min(1, (cpuAfter - cpuBefore) / wall) : undefined, unsafe: undefined }
  } finally {
    await pool.close({ cancel: true })
  }
}

function dangerOf(error: unknown, passed: number, budget: number): string | undefined {
  if (error instanceof WorkerCrashedError) {
    return `in the trial run it ended its process (${error.message.split('\n')[0]}), so it was kept away from this one.`
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
  'SKEIN_TASK_MODULE', 'SKEIN_TYPESCRIPT_LOADER', 'SKEIN_TASK_NOT_FOUND', 'SKEIN_WORKER_START', 'SKEIN_NESTED_START',
])
