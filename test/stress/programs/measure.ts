import { getEventListeners } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { SkeinEvent } from 'skein'
import { placeNamed } from '../../conformance/places/named.ts'
import type { OpenOptions } from '../../conformance/suite.ts'
import { double } from '../../conformance/tasks/values.ts'
import type { Executor } from 'skein'

/** What a program holds at one moment. */
export interface Holdings {
  /** What keeps its event loop busy, by kind; what belongs to its own output is left out. */
  readonly resources: readonly string[]
  readonly listeners: number
  /** Threads of the process; undefined where the system does not tell. */
  readonly threads: number | undefined
  /** Child processes; undefined where the system does not tell. */
  readonly children: number | undefined
  /** Bytes of the heap that are in use after a collection. */
  readonly heap: number
}

/** What a stress program reports as its last line. */
export interface Report {
  readonly before: Holdings
  /** In the middle of the work, when everything is warm. */
  readonly warm: Holdings
  /** At the end of the work, the executor still open. */
  readonly end: Holdings
  readonly after: Holdings
  readonly signalListeners: number
  /** How often each outcome occurred, as the callers saw it. */
  readonly outcomes: Record<string, number>
  /** Calls that were submitted, and those of them that ended exactly once, as the events tell it. */
  readonly submitted: number
  readonly endedOnce: number
}

export function holdings(): Holdings {
  const collect = (globalThis as { gc?: () => void }).gc
  if (!collect) throw new Error('run with --expose-gc')
  collect()
  collect()
  const children = `/proc/self/task/${process.pid}/children`
  return {
    resources: process
      .getActiveResourcesInfo()
      .filter(name => !/^(TTY|Pipe|FSReq|SyncWriteStream)/.test(name))
      .sort(),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    threads: existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : undefined,
    children: existsSync(children) ? readFileSync(children, 'utf8').split(' ').filter(Boolean).length : undefined,
    heap: process.memoryUsage().heapUsed,
  }
}

/** Two turns of the event loop: what was closed reports so in the next one. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setTimeout(resolve, 20))
}

export interface Stress {
  readonly executor: Executor
  readonly signal: AbortSignal
  readonly count: number
  /** Counts one outcome. */
  tell(outcome: string): void
  /** Call it when about a fifth of the work is done. */
  warm(): Promise<void>
}

/** Runs the work in the place that the command line names, and prints the report. */
export async function stress(options: OpenOptions, work: (stress: Stress) => Promise<void>): Promise<void> {
  const place = await placeNamed(process.argv[2])
  const count = Number(process.argv[3])
  // The first executor of a program leaves things behind that stay, as Node's own pool of threads does.
  const first = place.open(options)
  await first.run(double, 1)
  await first.close()
  await settled()
  const before = holdings()

  const { signal } = new AbortController()
  const executor = place.open(options)
  const open = new Set<string>()
  let submitted = 0
  let endedOnce = 0
  executor.observe((event: SkeinEvent) => {
    if (event.type === 'submitted') {
      submitted++
      open.add(event.id)
    } else if (event.type === 'ended') {
      endedOnce += open.delete(event.id) ? 1 : -1_000_000
    }
  })
  const outcomes: Record<string, number> = {}
  let warm: Holdings | undefined
  await work({
    executor,
    signal,
    count,
    tell: outcome => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    },
    warm: async () => {
      await settled()
      warm = holdings()
    },
  })
  await settled()
  const end = holdings()
  await executor.close()
  await settled()
  const report: Report = {
    before,
    warm: warm ?? end,
    end,
    after: holdings(),
    signalListeners: getEventListeners(signal, 'abort').length,
    outcomes,
    submitted,
    endedOnce,
  }
  console.log(JSON.stringify(report))
}
