import { call, current, type Duration, type Executor, task } from 'skein'
import { compare, type CompareOptions } from 'skein/advisor'
import { metrics, type MetricsOptions, timeline } from 'skein/observe'
import { processes, type ProcessesOptions as PoolOptions } from 'skein/processes'
import { type ScheduleOptions, signalStep, work, type WorkOptions } from 'skein/queue'
import { memoryStore, type MemoryStoreOptions } from 'skein/stores/memory'
import { crash, settled, shuffled, testQueue, type TestQueueOptions, virtualClock } from 'skein/testing'
import { threads } from 'skein/threads'
import { slowToStop } from './call.ts'
import {
  bounded,
  boundedFrom,
  count,
  countOrNone,
  type Kind,
  number,
  type NumberRow,
  positive,
  positiveOrNone,
  row,
  span,
  spanUpTo,
} from './kinds.ts'
import { aMoment, told } from './uses.ts'

const same = task(import.meta, (n: number) => n, { name: 'numbers.placed' })

let limit: Duration | undefined
const asks = task(import.meta, async () => signalStep(current(), 'word', { timeout: limit as Duration }), {
  name: 'numbers.asks',
})

/** Whether a job waits for a signal that nobody sends, or has given up. */
async function signalled(timeout: Duration): Promise<unknown> {
  await using queue = await testQueue({ tasks: [asks] })
  limit = timeout
  const job = await queue.queue.submit(asks)
  try {
    return (await queue.waitFor(job, 'held')).state
  } catch {
    return await told(job.result())
  }
}

/** A schedule that is made and never comes due here. */
async function scheduled(options: ScheduleOptions): Promise<void> {
  await using queue = await testQueue({ tasks: [same] })
  await queue.queue.schedule('numbers', { every: '1d' }, call(same, 1), options)
}

/** A moment that a schedule may have: up to the end of the year 9999. */
const moment = number(0, 253_402_300_799_999)

/** A schedule that ends at a moment; one that has passed leaves it no term, and that is another error. */
async function endsAt(until: number): Promise<unknown> {
  try {
    return await scheduled({ until })
  } catch (error) {
    if ((error as { code?: string }).code === 'SKEIN_SCHEDULE_RULE') return 'over'
    throw error
  }
}

/** A pool that is opened and closed: its workers start with the first call. */
async function opened(options: PoolOptions): Promise<void> {
  for (const open of [threads, processes]) await open(options).close()
}

/** Whether a worker that leaves by itself was ended by force: it is told to go while it still has something to do. */
async function leaving(open: (options: PoolOptions) => Executor, options: PoolOptions): Promise<unknown> {
  const pool = open({ workers: 1, ...options })
  const stop = new AbortController()
  const job = await pool.submit(call(slowToStop).with({ signal: stop.signal }))
  const ended = told(job.result())
  for await (const event of job.events()) if (event.type === 'started') break
  stop.abort()
  const how = await ended
  await pool.close()
  return how
}

let stores = 0

async function worker(options: Partial<WorkOptions>): Promise<void> {
  const running = await work({
    store: `memory:numbers-${++stores}`,
    tasks: [same],
    on: 'loop',
    ...options,
  } as WorkOptions)
  await aMoment()
  const health = running.health()
  await running.close({ timeout: 0 })
  if (!health.consuming) throw new Error(JSON.stringify(health))
}

async function store(options: MemoryStoreOptions): Promise<void> {
  await memoryStore(options).close()
}

async function compared(options: CompareOptions): Promise<unknown> {
  return compare(same, [1], { places: ['sequential'], budget: 20, rounds: 1, ...options })
}

async function queued(options: Partial<TestQueueOptions>): Promise<void> {
  await using queue = await testQueue({ tasks: [same], ...options })
  await queue.queue.submit(same, 1)
  await queue.drain()
}

function measured(options: MetricsOptions): void {
  metrics([], options).close()
}

const date: Kind = { accepts: value => typeof value === 'number' && Math.abs(value) <= 8.64e15, long: () => false }

export const placeRows: readonly NumberRow[] = [
  row<number>('TimelineOptions.most', count(1, 10_000_000), most => timeline([], { most }).close()),
  row<number>('MetricsOptions.most', count(2, 10_000), most => measured({ most })),
  row<number>('MetricsOptions.buckets', number(Number.MIN_VALUE, Number.MAX_VALUE), bound =>
    measured({ buckets: [bound] }),
  ),
  row<number>('PoolOptions.minWorkers', count(0, 10_000), minWorkers => opened({ minWorkers, workers: 10_000 })),
  row<number>('PoolOptions.workers', count(1, 10_000), workers => opened({ workers })),
  row<number>('PoolOptions.concurrency', count(1, 100_000), concurrency => opened({ concurrency })),
  row<number>('PoolOptions.maxQueue', countOrNone(0), maxQueue => opened({ maxQueue })),
  row('PoolOptions.grace (of threads)', span, grace => leaving(threads, { grace })),
  row('PoolOptions.grace (of processes)', span, grace => leaving(processes, { grace })),
  row('PoolOptions.startTimeout', span, startTimeout => opened({ startTimeout })),
  row('PoolOptions.finalizerTimeout', span, finalizerTimeout => opened({ finalizerTimeout })),
  row('PoolOptions.idleTimeout', span, idleTimeout => opened({ idleTimeout })),
  row<number>('PoolOptions.maxTasksPerWorker', countOrNone(1), maxTasksPerWorker => opened({ maxTasksPerWorker })),
  row('PoolOptions.maxWorkerAge', span, maxWorkerAge => opened({ maxWorkerAge })),
  row<number>('PoolOptions.maxWorkerMemory', count(1), maxWorkerMemory => opened({ maxWorkerMemory })),
  row<number>('PoolOptions.memoryLimit', count(8), memoryLimit => opened({ memoryLimit })),
  row('ThreadsOptions.spin', spanUpTo(1_000), spin => threads({ spin }).close()),
  row<number>('WorkOptions.workers', count(1, 10_000), workers => worker({ workers, on: 'threads' })),
  row<number>('WorkOptions.concurrency', count(1, 100_000), concurrency => worker({ concurrency })),
  row('WorkOptions.lease', boundedFrom(1_000), lease => worker({ lease })),
  row('WorkOptions.grace', span, grace => worker({ grace })),
  row<number>('WorkOptions.maxTasksPerWorker', countOrNone(1), maxTasksPerWorker =>
    worker({ maxTasksPerWorker, on: 'threads' }),
  ),
  row('WorkOptions.maxWorkerAge', span, maxWorkerAge => worker({ maxWorkerAge, on: 'threads' })),
  row<number>('WorkOptions.maxWorkerMemory', count(1), maxWorkerMemory => worker({ maxWorkerMemory, on: 'threads' })),
  row<number>('WorkOptions.memoryLimit', count(8), memoryLimit => worker({ memoryLimit, on: 'threads' })),
  row('WorkOptions.stopTimeout', span, stopTimeout => worker({ stopTimeout })),
  row('CeleryOptions.heartbeat', positiveOrNone, heartbeat => worker({ celery: { heartbeat } })),
  row<number>('WorkOptions.healthPort', count(0, 65_535), async healthPort => {
    try {
      await worker({ healthPort })
    } catch (error) {
      // Ports that somebody has, or that are not for everybody.
      if (!/EADDRINUSE|EACCES/.test(String(error))) throw error
    }
  }),
  row<number>('TaskRate.count', count(1), most => worker({ rates: { [same.name]: { count: most, per: '1s' } } })),
  row('TaskRate.per', positive, per => worker({ rates: { [same.name]: { count: 1, per } } })),
  row('CloseWorkerOptions.timeout', span, async timeout => {
    const running = await work({ store: `memory:numbers-${++stores}`, tasks: [same], on: 'loop' })
    try {
      await running.close({ timeout })
    } finally {
      await running.close()
    }
  }),
  row('CloseStoreOptions.timeout', span, timeout => memoryStore().close({ timeout })),
  row<number>('StoreOptions.maxDeaths', countOrNone(1), maxDeaths => store({ maxDeaths })),
  row<number>('StoreOptions.maxBytes', countOrNone(1), maxBytes => store({ maxBytes })),
  row<number>('PartRetentionOptions.count', countOrNone(0), kept => store({ retention: { done: { count: kept } } })),
  row('PartRetentionOptions.age', span, age => store({ retention: { failed: { age } } })),
  row<number>('PartRetentionOptions.bytes', countOrNone(0), bytes => store({ retention: { cancelled: { bytes } } })),
  row<number>('CompareOptions.rounds', count(1, 3), rounds => compared({ rounds })),
  row<number>('CompareOptions.workers', count(1, 1024), workers => compared({ workers })),
  row<number>('CompareOptions.concurrency', count(1), concurrency => compared({ concurrency })),
  row('CompareOptions.budget', spanUpTo(100), budget => compared({ budget })),
  row<number>('CrashOptions.time', count(1), time => crash.at('after-claim', { time })()),
  row('SignalStepOptions.timeout', span, signalled),
  row<number>('ScheduleOptions.catchUpLimit', count(1, 1_000), catchUpLimit => scheduled({ catchUpLimit })),
  row('ScheduleOptions.jitter', spanUpTo(86_400_000), jitter => scheduled({ jitter })),
  row<number>('ScheduleOptions.from', moment, from => scheduled({ from })),
  row<number>('ScheduleOptions.until', moment, endsAt),
  row<number>('ScheduleOptions.times', countOrNone(1), times => scheduled({ times })),
  row<number>('TestQueueOptions.concurrency', count(1, 100_000), concurrency => queued({ concurrency })),
  row('TestQueueOptions.lease', boundedFrom(1_000), lease => queued({ lease })),
  row('drain(limit)', span, async limit => {
    await using queue = await testQueue({ tasks: [same] })
    await queue.drain({ limit })
  }),
  row<number>('VirtualClockOptions.start', date, start => virtualClock({ start }).restore()),
  row('advance(duration)', bounded, async duration => {
    using clock = virtualClock()
    await clock.advance(duration)
  }),
  row('runAll(limit)', span, async limit => {
    using clock = virtualClock()
    await clock.runAll({ limit })
  }),
  row<number>('advanceTo(time)', date, async time => {
    using clock = virtualClock({ start: -8.64e15 })
    await clock.advanceTo(time)
  }),
  row<number>('shuffled(seed)', count(0, 2 ** 32 - 1), seed => shuffled(async () => {}, { seed })),
  row<number>('settled(turns)', count(1, 1_000), turns => settled({ turns })),
]
