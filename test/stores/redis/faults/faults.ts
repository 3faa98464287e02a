// A broker that fails under load, or the way to it: work goes on all the while, and in the end all of it must be there, once.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, call } from 'skein'
import { connect, type DurableJob, type DurableQueue, type QueueWorker, work as startWorker } from 'skein/queue'
import { Random } from '../../../queue/kill/random.ts'
import { freshRedis, type RedisServer } from '../../../support/redis-server.ts'
import { type CuttingProxy, cuttingProxy, type Fault } from '../cutting-proxy.ts'
import { begun, counted, follow, join, work } from './tasks.ts'

/** What happens to the broker. `restart`: it is killed, and started on what it had written. `reset`: answers are lost with their connection. */
export type Harm = Exclude<Fault, 'none'> | 'restart' | 'reset'

export const harms: readonly Harm[] = ['restart', 'reset', 'refuses', 'late', 'deaf', 'mute']

/** What came of one kind of harm. */
interface HarmReport {
  readonly harm: Harm
  readonly times: number
  /** The longest time after the end of such a harm until the last of the workers had begun a job again, in milliseconds. */
  silence: number
}

export interface FaultReport {
  readonly harms: readonly HarmReport[]
  readonly accepted: number
  /** Submits that ended with an error. */
  readonly refused: number
  /** Those who waited for a result all along, and got it. */
  readonly answered: number
  /** The longest submit, in milliseconds. */
  readonly longestSubmit: number
  readonly violations: readonly string[]
}

export interface FaultOptions {
  /** How often each is done. */
  readonly plan: readonly (readonly [harm: Harm, times: number])[]
  readonly seed: number
  readonly onHarm?: (harm: Harm, silence: number) => void
}

/** Each worker has a queue of its own, so that it is seen which of them is silent. */
const queues = ['one', 'two'] as const
/** So many jobs at most are under way in each. */
const enough = 30
/** A worker that has begun nothing for so long is taken for lost, in milliseconds. */
const patience = 60_000
/** How long the way is bad, in milliseconds: for longer than what takes nothing for an answer waits. */
const badFor: Readonly<Record<Harm, number>> = {
  restart: 0,
  reset: 0,
  refuses: 1_500,
  late: 2_000,
  deaf: 2_500,
  mute: 2_500,
}

/** Does harm to a broker under load, again and again, and says what came of it. */
export async function runFaults({ plan, seed, onHarm }: FaultOptions): Promise<FaultReport> {
  const server = await freshRedis('--appendonly', 'yes', '--appendfsync', 'always')
  const proxy = await cuttingProxy(server.port)
  const url = `redis://127.0.0.1:${proxy.port}/0`
  const random = new Random(seed)
  const violations: string[] = []
  begun.length = 0
  counted.clear()
  const workers: QueueWorker[] = []
  for (const queue of queues) {
    workers.push(
      await startWorker({
        store: url,
        tasks: [work, follow, join],
        queues: queue,
        on: 'loop',
        concurrency: 4,
        lease: '3s',
      }),
    )
  }
  const queue = await connect(url)
  const load = new Load(queue)
  const reports: HarmReport[] = []
  try {
    load.begin()
    await heardOf(performance.now(), violations, 'the start')
    for (const [harm, times] of plan) {
      const report: HarmReport = { harm, times, silence: 0 }
      reports.push(report)
      for (let n = 0; n < times; n++) {
        await sleep(random.below(300))
        await doHarm(harm, { server, proxy })
        const silence = await heardOf(performance.now(), violations, harm)
        report.silence = Math.max(report.silence, silence)
        onHarm?.(harm, silence)
      }
    }
    await load.end(violations)
    violations.push(...(await leftIn(server)))
    return {
      harms: reports,
      accepted: load.accepted.size,
      refused: load.refused,
      answered: load.answered,
      longestSubmit: load.longest,
      violations,
    }
  } finally {
    load.stop()
    await Promise.all(workers.map(each => each.close()))
    await queue.close()
    await proxy.close()
    await server.stop()
  }
}

/** How long a submit takes to end with an error while the broker stays away, in milliseconds, by how that is. */
export async function submitWithout(fault: 'refuses' | 'deaf' | 'mute'): Promise<number> {
  const server = await freshRedis()
  const proxy = await cuttingProxy(server.port)
  const queue = await connect(`redis://127.0.0.1:${proxy.port}/0`)
  try {
    proxy.fault = fault
    if (fault === 'refuses') proxy.cutAll()
    const from = performance.now()
    const error = await queue.submit(follow, 'nobody').then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if ((error as { code?: string } | undefined)?.code !== 'SKEIN_STORE_UNAVAILABLE')
      throw error ?? new Error('accepted')
    return performance.now() - from
  } finally {
    proxy.fault = 'none'
    await queue.close()
    await proxy.close()
    await server.stop()
  }
}

async function doHarm(harm: Harm, on: { readonly server: RedisServer; readonly proxy: CuttingProxy }): Promise<void> {
  const { server, proxy } = on
  if (harm === 'restart') return server.restart()
  if (harm === 'reset') {
    // Of whatever is asked: every script, and all that waits.
    proxy.resetAt('\r\n', 6)
    while (proxy.resetsLeft > 0) await sleep(5)
    return
  }
  proxy.fault = harm
  if (harm === 'refuses') proxy.cutAll()
  await sleep(badFor[harm])
  proxy.fault = 'none'
}

/** Waits until each worker has begun a job again. Returns how long that took. */
async function heardOf(since: number, violations: string[], after: string): Promise<number> {
  for (;;) {
    const firsts = queues.map(queue => begun.findLast(each => each.queue === queue && each.at > since)?.at)
    const now = performance.now()
    if (firsts.every(each => each !== undefined)) {
      begun.splice(0, Math.max(0, begun.length - 1_000))
      return now - since
    }
    if (now - since > patience) {
      violations.push(`after ${after} a worker was silent for ${patience} ms`)
      return now - since
    }
    await sleep(20)
  }
}

/** Submits jobs, and waits for some of them. */
class Load {
  readonly accepted = new Set<DurableJob<string>>()
  refused = 0
  answered = 0
  longest = 0
  readonly #queue: DurableQueue
  readonly #waiting = new Set<Promise<void>>()
  readonly #open = new Map<string, number>()
  #going = true
  #numbers = 0
  #loops: Promise<void>[] = []

  constructor(queue: DurableQueue) {
    this.#queue = queue
  }

  begin(): void {
    this.#loops = queues.map(queue => this.#submitting(queue))
  }

  stop(): void {
    this.#going = false
  }

  async #submitting(queue: string): Promise<void> {
    while (this.#going) {
      const open = this.#open.get(queue) ?? 0
      if (open > enough) {
        await sleep(10)
        continue
      }
      await this.#submit(queue, `${queue} ${++this.#numbers}`)
    }
  }

  async #submit(queue: string, name: string): Promise<void> {
    const from = performance.now()
    const isGraph = this.#numbers % 5 === 0
    const options = { queue, retries: 20 }
    const one = (part: string): Call<string> => call(work, queue, part).with(options)
    const whole = isGraph ? call(join, [one(`${name} a`), one(`${name} b`)]).with(options) : one(name)
    try {
      const job = await this.#queue.submit(whole)
      this.#open.set(queue, (this.#open.get(queue) ?? 0) + 1)
      const expected = isGraph ? `${name} a ${name} b` : name
      this.accepted.add(job)
      if (isGraph) this.#names.push(`${name} a`, `${name} b`)
      else this.#names.push(name)
      const waiting = job.result().then(result => {
        if (result !== expected) throw new Error(`job ${job.id} gave ${String(result)}, not ${expected}`)
        this.answered++
        this.#open.set(queue, (this.#open.get(queue) ?? 1) - 1)
      })
      this.#waiting.add(waiting)
      waiting.then(
        () => this.#waiting.delete(waiting),
        () => {},
      )
    } catch {
      // It may be there or not: nothing was promised.
      this.refused++
    }
    this.longest = Math.max(this.longest, performance.now() - from)
  }

  readonly #names: string[] = []

  /** All that was accepted ends, and is looked at. */
  async end(violations: string[]): Promise<void> {
    this.stop()
    await Promise.all(this.#loops)
    const ended = await Promise.race([Promise.allSettled(this.#waiting), sleep(patience, undefined, { ref: false })])
    if (ended === undefined) violations.push(`${this.#waiting.size} of those who wait for a result got none`)
    for (const each of ended ?? []) if (each.status === 'rejected') violations.push(String(each.reason))
    for (const job of this.accepted) {
      const { state } = await job.status()
      if (state !== 'done') violations.push(`job ${job.id} was accepted and is ${state}`)
    }
    // Those that follow may be on their way yet.
    for (const end = performance.now() + patience; performance.now() < end; await sleep(20))
      if (this.#names.every(name => counted.has(name))) break
    for (const name of this.#names) {
      const times = counted.get(name)?.size ?? 0
      if (times !== 1) violations.push(`${name} was acknowledged ${times} times`)
    }
  }
}

/** Whatever is still there of jobs that were to end. */
async function leftIn(server: RedisServer): Promise<string[]> {
  const left: string[] = []
  for (const end = performance.now() + patience; performance.now() < end; await sleep(50)) {
    left.length = 0
    for (const key of ['unacked', 'unacked_index', 'skein:leases', 'skein:waiting', 'skein:work', ...queues])
      if ((await server.text('EXISTS', key)) !== '0') left.push(`${key} is left behind`)
    if (left.length === 0) break
  }
  return left
}
