import { type Task, task } from '../../call/define/task.ts'
import { current } from '../../core/scope/current.ts'
import { callIn, currentSource, type ScopeSource } from '../../core/scope/slot.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { steady } from '../../core/time/platform.ts'
import { HistogramSink, MinMaxSink, SumSink } from '../endings/numbers.ts'
import { nothingLeft, type Sink } from '../endings/sink.ts'
import { type Block, cadenceOf, laneAsk, type LanePlan, type Receipt } from '../plan.ts'
import { minMaxOf, sumOf } from './kernels.ts'
import { Feeder } from './feed.ts'
import { type Load, makeStages } from './make-stages.ts'
import { makePass, type Pass } from './pipeline.ts'
import { hasText, type LeafPart, parseLine } from '../sources/text.ts'
import { openBlocks } from './read-block.ts'
import type { Stage } from './stage.ts'

/** Between two looks at whether it is to stop, a lane takes at most this part of a block. */
const looks = 16

/**
 * One lane: takes block after block of the source, takes each value through all stages, and sends back what comes of it; the state that it has
 * gathered is its result. One call in one worker, so all that a worker keeps for a run ends with it.
 */
export const lane: Task<(plan: LanePlan) => Promise<unknown>> = task(
  import.meta,
  async function lane(plan: LanePlan): Promise<unknown> {
    const s = current()
    const source = currentSource() as ScopeSource
    const { services } = s
    const ask = services?.ask
    if (services === undefined || ask === undefined) {
      throw new InvalidArgumentError('skein.par is a part of par(), which hands it over by itself.')
    }
    const cadence = cadenceOf(plan.ending)
    const { stages: own, sink } = await makeStages(plan, (task => services.load(task)) as Load)
    const isJson = 'of' in plan.source && plan.source.of === 'json'
    const stages = isJson ? [...parsing, ...own] : own
    const worker = new Lane(s, { source, stages, sink, cadence, plan })
    const reader = await openBlocks(plan.source, cadence === 'leaf')
    const given: Promise<unknown>[] = []
    try {
      let next = ask(laneAsk.take, undefined) as Promise<Block | undefined>
      for (;;) {
        const block = await s.wait(next)
        if (block === undefined) break
        const leaves = await reader.read(block)
        next = ask(laneAsk.take, undefined) as Promise<Block | undefined>
        next.catch(() => {}) // looked at when this block is done
        const begun = steady()
        const result = await worker.work(block[0], leaves)
        const receipt: Receipt = [block[0], steady() - begun, result]
        const sent = ask(laneAsk.give, receipt)
        sent.catch(() => {}) // waited for below
        given.push(sent)
        if (given.length > 1) await s.wait(given.shift() as Promise<unknown>)
      }
      await s.wait(Promise.all(given))
      return cadence === 'lane' ? sink.take() : undefined
    } finally {
      await reader.close()
    }
  },
  { name: 'skein.par' },
)

/** The stages before all others where lines are values in JSON. */
const parsing: readonly Stage[] = [
  { kind: 'filter', does: { fn: hasText } },
  { kind: 'map', does: { fn: parseLine } },
]

interface Parts {
  readonly plan: LanePlan
  readonly source: ScopeSource
  readonly stages: readonly Stage[]
  readonly sink: Sink
  readonly cadence: 'leaf' | 'block' | 'lane'
}

class Lane {
  readonly #s: Scope
  readonly #parts: Parts
  readonly #pass: Pass | undefined
  readonly #feeder: Feeder

  constructor(s: Scope, parts: Parts) {
    this.#s = s
    this.#parts = parts
    const { stages, sink, source, plan } = parts
    this.#pass = makePass(stages, sink, tasksOf(plan))
    this.#feeder = new Feeder(stages, sink, source)
  }

  /** Takes the values of a block through all stages, and returns what goes back of it. */
  async work(block: number, leaves: Iterable<LeafPart>): Promise<unknown> {
    const { sink, cadence } = this.#parts
    sink.begin?.(block)
    const results: unknown[] = []
    for (const leaf of leaves) {
      if (!this.#kernel(leaf)) await this.#through(leaf)
      if (cadence !== 'leaf' || !leaf.ends) continue
      const result = sink.take()
      if (result !== nothingLeft) results.push(result)
    }
    if (cadence === 'leaf') return results
    return cadence === 'block' ? sink.take() : undefined
  }

  /** Does what needs no function for a value, over a typed array, in a loop of its own. */
  #kernel({ values, from, to }: LeafPart): boolean {
    const { stages, sink } = this.#parts
    if (
      stages.length > 0 ||
      !ArrayBuffer.isView(values) ||
      values instanceof BigInt64Array ||
      values instanceof BigUint64Array
    )
      return false
    const numbers = values as unknown as ArrayLike<number>
    this.#s.checkpoint()
    if (sink instanceof SumSink) {
      if (from < to) sink.add(sumOf(numbers, from, to))
    } else if (sink instanceof MinMaxSink) {
      if (from < to) for (const value of minMaxOf(numbers, from, to)) sink.add(value)
    } else if (sink instanceof HistogramSink) sink.addAll(numbers, from, to)
    else return false
    return true
  }

  async #through({ values, from, to }: LeafPart): Promise<void> {
    this.#parts.sink.from?.(from)
    const stride = Math.max(1, Math.ceil((to - from) / looks))
    for (let at = from; at < to;) {
      this.#s.checkpoint()
      const end = Math.min(to, at + stride)
      if (this.#pass === undefined) {
        for (; at < end; at++) await this.#feeder.feed(0, values[at])
        continue
      }
      const pass = this.#pass
      const pause = callIn(this.#parts.source, () => pass(values, at, end, this.#parts.sink), undefined)
      if (pause === undefined) at = end
      else {
        await this.#feeder.resume(pause)
        at = pause.at + 1
      }
    }
  }
}

/** The tasks of a plan and the properties that it takes, as a string. */
function tasksOf({ stages, ending }: LanePlan): string {
  const references = stages.map(stage => (stage.kind === 'join' ? stage.left : stage.by))
  return JSON.stringify(['step' in ending ? [...references, ending.step] : references])
}
