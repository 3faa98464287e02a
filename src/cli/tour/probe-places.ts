import { availableParallelism, freemem } from 'node:os'
import type { Executor } from '../../call/executor.ts'
import type { PlaceFacts, PlaceTable } from '../../advisor/place-table.ts'
import { median } from '../../advisor/spread.ts'
import { watchStalls } from '../../advisor/stall-watch.ts'
import { memoryOf } from '../../advisor/system-usage.ts'
import { bytes, count, plural, significant, time } from '../../advisor/words.ts'
import { loop } from '../../loop/loop.ts'
import { processes } from '../../processes/index.ts'
import { threads } from '../../threads/index.ts'
import { block, compute, nothing, wait } from './probe-tasks.ts'

type Kind = 'tasks' | 'threads' | 'processes'

/** So many waits at once, and the time that all of them took. */
interface Overlap {
  readonly times: number
  readonly ms: number
  readonly took: number
}

/** The measurements of one kind of worker. */
interface Probe {
  /** Waits that block their thread. */
  overlapBlocking: Overlap
  /** Waits that let others run. */
  overlapWaiting: Overlap
  /** Computing in parallel, against the same computing in one place. */
  cores: number
  /**
   * The most that were alive at once, the time that it took to get there, and whether the probe stopped before a limit was
   * met.
   */
  most: { readonly alive: number; readonly took: number }
  startUp: number
  memory: number | undefined
  /** Milliseconds for which the main thread did nothing else while a call blocked for `blockFor`. */
  stall: number
}

const blockFor = 200
const waitFor = 100
const mostThreads = 64
const mostProcesses = 16
const tasksAtOnce = 100_000

/** Measures what cooperative tasks, threads and processes can do here, and puts it into the table. */
export async function probePlaces(onProgress: (step: string, done: number) => void): Promise<PlaceTable> {
  const cores = availableParallelism()
  const steps = await stepsFor(250)
  onProgress('cooperative tasks', 0)
  const tasks = await probeTasks(cores, steps)
  onProgress('threads', 0.3)
  const ofThreads = await probePool('threads', cores, steps)
  onProgress('processes', 0.65)
  const ofProcesses = await probePool('processes', cores, steps)
  return tableOf({ tasks, threads: ofThreads, processes: ofProcesses }, cores)
}

/** The number of steps of computing that take so many milliseconds. */
async function stepsFor(ms: number): Promise<number> {
  compute(20_000_000)
  const begun = performance.now()
  compute(20_000_000)
  return Math.round((20_000_000 * ms) / (performance.now() - begun))
}

async function probeTasks(cores: number, steps: number): Promise<Probe> {
  const place = loop({ concurrency: tasksAtOnce + 1 })
  const blocking = await overlap(place, block, 3, blockFor)
  const waiting = await overlap(place, wait, 1000, waitFor)
  const parallel = await speedUp(place, cores, steps)
  const before = process.memoryUsage()
  const begun = performance.now()
  const all = Array.from({ length: tasksAtOnce }, () => place.run(wait, 4000))
  await place.run(nothing)
  const alive = place.stats().running
  const started = performance.now() - begun
  const after = process.memoryUsage()
  const memory = (after.heapUsed + after.external - before.heapUsed - before.external) / tasksAtOnce
  await Promise.all(all)
  const took = performance.now() - begun
  const stall = await stallWhile(() => place.run(block, blockFor))
  await place.close()
  return {
    overlapBlocking: blocking,
    overlapWaiting: waiting,
    cores: parallel,
    most: { alive, took },
    startUp: started / tasksAtOnce,
    memory,
    stall,
  }
}

async function probePool(kind: 'threads' | 'processes', cores: number, steps: number): Promise<Probe> {
  const make = kind === 'threads' ? threads : processes
  const starts: number[] = []
  for (let at = 0; at < 3; at++) {
    const cold = make({ minWorkers: 1, workers: 1 })
    const begun = performance.now()
    await cold.run(nothing)
    starts.push(performance.now() - begun)
    await cold.close()
  }
  const pool = make({ minWorkers: cores, workers: cores })
  await Promise.all(Array.from({ length: cores }, () => pool.run(block, 20)))
  const overlapBlocking = await overlap(pool, block, cores, blockFor)
  const parallel = await speedUp(pool, cores, steps)
  const stall = await stallWhile(() => pool.run(block, blockFor))
  await pool.close()
  const wide = make({ minWorkers: cores, workers: cores, concurrency: 500 })
  await Promise.all(Array.from({ length: cores }, () => wide.run(wait, 20)))
  const overlapWaiting = await overlap(wide, wait, 500 * cores, waitFor)
  await wide.close()
  const most = await mostAtOnce(kind)
  return { overlapBlocking, overlapWaiting, cores: parallel, most, startUp: median(starts), memory: most.memory, stall }
}

type Waiting = typeof block | typeof wait

async function overlap(place: Executor, task: Waiting, times: number, ms: number): Promise<Overlap> {
  const begun = performance.now()
  await Promise.all(Array.from({ length: times }, () => place.run(task as typeof wait, ms)))
  return { times, ms, took: performance.now() - begun }
}

/** The same computing once in one worker, then once for each core at the same time. */
async function speedUp(place: Executor, cores: number, steps: number): Promise<number> {
  await Promise.all(Array.from({ length: cores }, () => place.run(compute, steps / 10)))
  const ratios: number[] = []
  // A busy moment of the machine must not pass for a property of threads.
  for (let at = 0; at < 4 && Math.max(0, ...ratios) < cores * 0.8; at++) {
    const one = await duration(() => place.run(compute, steps))
    const all = await duration(() => Promise.all(Array.from({ length: cores }, () => place.run(compute, steps))))
    ratios.push((one * cores) / all)
  }
  return Math.max(...ratios)
}

async function duration(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

async function stallWhile(work: () => Promise<unknown>): Promise<number> {
  const watch = await watchStalls()
  await work()
  return watch.end()
}

/** Starts workers, all blocked at the same time, up to a bound that is kind to the machine. */
async function mostAtOnce(
  kind: 'threads' | 'processes',
): Promise<{ alive: number; took: number; memory: number | undefined }> {
  const room = Math.floor(freemem() / 2 / (kind === 'threads' ? 15e6 : 60e6))
  const wanted = Math.max(2, Math.min(kind === 'threads' ? mostThreads : mostProcesses, room))
  const before = process.memoryUsage.rss()
  const pool = (kind === 'threads' ? threads : processes)({ minWorkers: wanted, workers: wanted })
  let running = 0
  let alive = 0
  const stop = pool.observe(event => {
    if (event.type === 'started') alive = Math.max(alive, ++running)
    else if (event.type === 'ended') running--
  })
  const begun = performance.now()
  // All of them must be blocked at once to count, so each blocks for as long as starting all may take.
  const blocked = Array.from({ length: wanted }, () => pool.run(block, 3000))
  await allReady(pool, wanted)
  const took = performance.now() - begun
  // On a busy machine some may not have started yet: they have no process id, and little of the memory.
  const started = pool.stats().workers.filter(worker => worker.id !== 0)
  const sum =
    kind === 'threads' ? Math.max(0, process.memoryUsage.rss() - before) : memoryOf(started.map(worker => worker.id))
  await Promise.all(blocked)
  stop()
  await pool.close()
  return { alive, took, memory: sum === undefined || started.length === 0 ? undefined : sum / started.length }
}

async function allReady(pool: Executor, wanted: number): Promise<void> {
  const limit = performance.now() + 2800
  while (performance.now() < limit) {
    const { workers } = pool.stats()
    if (workers.length >= wanted && workers.every(worker => worker.state === 'ready')) return
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

function gainOf({ times, ms, took }: Overlap): number {
  return (times * ms) / took
}

function overlapText(overlap: Overlap): string {
  const { times, ms, took } = overlap
  return `${gainOf(overlap) > 1.3 ? 'yes' : 'no'}: ${count(times)} of ${ms} ms took ${time(took)}`
}

function coresText(gain: number, kind: Kind, cores: number): string {
  if (cores === 1) return 'there is only one core'
  if (gain > 1.3) return `yes: ${significant(gain)} times as fast on ${plural(cores, 'core')}`
  // Threads and processes have a core each wherever there is one to be had.
  return kind === 'tasks'
    ? `no: ${significant(gain)} times`
    : `not now: ${significant(gain)} times; other programs had the cores`
}

function tableOf(probes: Record<Kind, Probe>, cores: number): PlaceTable {
  const columns: readonly Kind[] = ['tasks', 'threads', 'processes']
  const row = (question: string, how: string, answer: (probe: Probe, kind: Kind) => PlaceFacts) => ({
    question,
    how,
    answers: columns.map(kind => answer(probes[kind], kind)),
  })
  return {
    columns: ['Cooperative tasks', 'Threads', 'Processes'],
    rows: [
      row('Does it overlap waiting?', 'waits that let others run, many at once', probe => ({
        text: overlapText(probe.overlapWaiting),
        verdict: gainOf(probe.overlapWaiting) > 2 ? 'good' : 'bad',
      })),
      row('Do blocking calls overlap?', 'synchronous waits, one in each worker; three on the loop', (probe, kind) => ({
        text: overlapText(probe.overlapBlocking),
        verdict: gainOf(probe.overlapBlocking) > 1.3 ? 'good' : kind === 'tasks' ? 'bad' : 'neutral',
      })),
      row(
        'Do blocking calls stall the program?',
        `the main thread's longest stall during one of ${blockFor} ms`,
        probe => ({
          text: probe.stall > blockFor / 2 ? `yes: for ${time(probe.stall)}` : `no: ${time(probe.stall)}`,
          verdict: probe.stall > blockFor / 2 ? 'bad' : 'good',
        }),
      ),
      row(
        'Does it use all cores?',
        `the same computing in ${plural(cores, 'place')} at once, against one`,
        (probe, kind) => ({
          text: coresText(probe.cores, kind, cores),
          verdict: probe.cores > 1.3 ? 'good' : kind === 'tasks' ? 'bad' : 'neutral',
        }),
      ),
      row('How many at once?', 'alive at the same time; the probe stops there, not the machine', (probe, kind) => ({
        text:
          kind === 'tasks'
            ? `${count(probe.most.alive)} and more`
            : `${count(probe.most.alive)} and more, up in ${time(probe.most.took)}`,
        verdict: kind === 'tasks' ? 'good' : 'neutral',
      })),
      row('Start-up', 'until the first call has its result', (probe, kind) => ({
        text: time(probe.startUp),
        verdict: kind === 'tasks' ? 'good' : 'neutral',
      })),
      row('Memory of each', 'what each one added', (probe, kind) => ({
        text: probe.memory === undefined ? 'unknown on this system' : bytes(probe.memory),
        verdict: kind === 'tasks' ? 'good' : 'neutral',
      })),
    ],
  }
}
