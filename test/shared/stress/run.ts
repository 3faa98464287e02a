import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { AbandonedError } from 'skein'
import { cell, faults, newThings, pack, type Things } from './things.ts'

export interface StressOptions {
  /** Milliseconds. */
  readonly duration: number
  readonly seed: number
  readonly threads: number
  /** Milliseconds for which a thread may do nothing before it counts as hanging. */
  readonly patience?: number
}

export interface StressResult {
  readonly rounds: number
  readonly terminated: number
  /** How often a lock that a thread had left was mended. */
  readonly repairs: number
  /** The growth of the heap of the program since a fifth of the time, in bytes. */
  readonly grown: number
  readonly faults: readonly string[]
}

/** Threads that lock, send and count together, of which one is terminated at random every few milliseconds, wherever it is; another one takes its place. */
export async function stress({ duration, seed, threads, patience = 15_000 }: StressOptions): Promise<StressResult> {
  const things = newThings(threads)
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return (state >>> 8) % below
  }
  const found: string[] = []
  const start = (seat: number): Worker => {
    const worker = new Worker(new URL('worker.js', import.meta.url), {
      workerData: { forms: pack(things), seat, seed: random(2 ** 30) },
    })
    worker.on('error', error => found.push(`the thread on seat ${seat} failed: ${String(error)}`))
    return worker
  }
  const workers = Array.from({ length: threads }, (_, seat) => start(seat))
  const seen = workers.map(() => ({ rounds: -1, at: performance.now() }))
  const end = performance.now() + duration
  let [terminated, warm] = [0, 0]
  while (performance.now() < end && found.length === 0) {
    await wait(random(40))
    if (warm === 0 && performance.now() > end - duration * 0.8) warm = process.memoryUsage().heapUsed
    if (random(4) > 0) {
      const seat = random(threads)
      await (workers[seat] as Worker).terminate()
      terminated++
      workers[seat] = start(seat)
      seen[seat] = { rounds: -1, at: performance.now() }
    }
    for (const [seat, last] of seen.entries()) {
      const rounds = Atomics.load(things.rounds.view, seat)
      if (rounds !== last.rounds) seen[seat] = { rounds, at: performance.now() }
      else if (performance.now() - last.at > patience) found.push(`the thread on seat ${seat} hangs`)
    }
    const fault = Atomics.load(things.fault.view, 0)
    if (fault !== 0) found.push(faults[fault] ?? `fault ${fault}`)
  }
  const grown = process.memoryUsage().heapUsed - warm
  await Promise.all(workers.map(worker => worker.terminate()))
  found.push(...(await left(things)))
  const rounds = things.rounds.view.reduce((sum, each) => sum + each, 0)
  return { rounds, terminated, repairs: things.repairs.value, grown, faults: found }
}

/** What must be true once all threads are gone, wherever they were. */
async function left(things: Things): Promise<string[]> {
  const found: string[] = []
  const { view } = things.cells
  await things.mutex.repair(() => void (view[cell.other] = view[cell.one] ?? 0))
  await things.rwlock.repair(() => void (view[cell.high] = view[cell.low] ?? 0))
  await things.condition.lock.repair(() => {})
  if (things.mutex.held || things.mutex.abandoned) found.push('the mutex is not free')
  if (view[cell.one] !== view[cell.other]) found.push(faults[1])
  if (view[cell.low] !== view[cell.high]) found.push(faults[2])
  if (things.places.value !== 2) found.push(`${things.places.value} of 2 places are free`)
  await things.rwlock.write(() => {})
  // Still of use: what is sent arrives, behind what was in it.
  while (things.channel.tryReceive() !== undefined);
  for (let n = 0; n < 20; n++) await things.channel.send(n).then(async () => things.channel.receive())
  const [sum, adds] = [things.map.get('sum') ?? 0, things.adds.value]
  if (sum > adds) found.push(`${sum} were added in the map, and ${adds} were to be`)
  things.map.clear()
  things.map.set('after', 1)
  if (things.map.size !== 1) found.push(`the map has ${things.map.size} entries after it was cleared`)
  await things.condition.lock
    .hold(() => things.condition.notifyAll())
    .catch((error: unknown) => {
      if (!(error instanceof AbandonedError)) throw error
      found.push('the lock of the condition is abandoned after it was repaired')
    })
  return found
}
