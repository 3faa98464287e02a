import { settleCallOptions } from '../call/options.ts'
import type { Handover } from '../call/run/handover.ts'
import { brandClass, brandOf } from '../core/brand.ts'
import { checkInteger, checkKnown, describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { FoldGathering, type Step } from './endings/fold.ts'
import { ItemsGathering } from './endings/items.ts'
import { KeyedGathering } from './endings/keyed.ts'
import { CountGathering, HistogramGathering, MinMaxGathering, SumGathering } from './endings/numbers.ts'
import { ScanGathering } from './endings/scan.ts'
import type { Gathering } from './endings/sink.ts'
import { SortGathering } from './endings/sorted.ts'
import { TopGathering } from './endings/top.ts'
import type { EndingPlan, OrderPlan, StagePlan } from './plan.ts'
import { reference, stepReference, taskReference } from './reference.ts'
import { readBlocks } from './run/read-blocks.ts'
import { LaneRun, type RunSettings } from './run/lane-run.ts'
import { checkSource, openBlockSource } from './sources/open-source.ts'
import { Later } from './sources/source.ts'
import type { Histogram, HistogramOptions, JoinOptions, Par, ParOptions, SortOrder, TopOptions } from './types.ts'

/** A stage, or one whose other side has to be there first. */
type OpenStage = StagePlan | (() => Promise<StagePlan>)

/** The options of a collection, checked, and the executor's side that takes entries. */
export interface ParSettings extends ParOptions {
  readonly handover: Handover
}

/** The implementation of `Par`, without its types: a source, the stages so far, and how to run them. */
export class Collection implements AsyncIterable<unknown> {
  static {
    brandClass(this, 'Par')
  }

  readonly #items: unknown
  readonly #stages: readonly OpenStage[]
  readonly #settings: ParSettings

  constructor(items: unknown, stages: readonly OpenStage[], settings: ParSettings) {
    this.#items = items
    this.#stages = stages
    this.#settings = settings
  }

  #with(stage: OpenStage): Collection {
    return new Collection(this.#items, [...this.#stages, stage], this.#settings)
  }

  #after(make: () => Promise<ArrayLike<unknown>>): Collection {
    return new Collection(new Later(make), [], this.#settings)
  }

  map(by: unknown): Collection {
    return this.#with({ kind: 'map', by: reference(by, 'map') })
  }

  filter(by: unknown): Collection {
    return this.#with({ kind: 'filter', by: reference(by, 'filter') })
  }

  flatMap(task: unknown): Collection {
    return this.#with({ kind: 'flatMap', by: taskReference(task, 'flatMap') })
  }

  join(other: unknown, options: JoinOptions<unknown, unknown>): Collection {
    checkKnown(options, joinOptions, 'join option')
    const { outer = false } = options
    if (typeof outer !== 'boolean')
      throw new InvalidArgumentError(`outer must be true or false, got ${describe(outer)}`)
    checkSource(other)
    const left = reference(options.left, 'left of join')
    const right = reference(options.right, 'right of join')
    return this.#with(async () => {
      const items = Array.isArray(other) ? other : await asCollection(other, this.#settings).toArray()
      return { kind: 'join', left, right, items, outer }
    })
  }

  scan(combine: unknown): Collection {
    const step = stepReference(combine, 'scan')
    return this.#after(() => this.#run({ kind: 'scan', step }, new ScanGathering(combine as Step)))
  }

  sort(order: unknown = {}): Collection {
    if (typeof order === 'function') {
      const compare = taskReference(order, 'sort')
      const gathering = (): SortGathering => new SortGathering({ compare: order as (a: unknown, b: unknown) => number })
      return this.#after(() => this.#run({ kind: 'sort', order: { compare } }, gathering()))
    }
    checkKnown(order as object, sortOptions, 'sort option')
    const { by, descending = false } = order as SortOrder<unknown>
    if (typeof descending !== 'boolean') {
      throw new InvalidArgumentError(`descending must be true or false, got ${describe(descending)}`)
    }
    const plan: OrderPlan = { by: by === undefined ? undefined : reference(by, 'by of sort'), descending }
    return this.#after(() => this.#run({ kind: 'sort', order: plan }, new SortGathering({ descending })))
  }

  distinct(by?: unknown): Collection {
    const selector = by === undefined ? undefined : reference(by, 'distinct')
    const first = (a: unknown): unknown => a
    return this.#after(() =>
      this.#run({ kind: 'distinct', by: selector }, new KeyedGathering(first, all => [...all.values()])),
    )
  }

  async toArray(): Promise<unknown[]> {
    const made = await this.#made()
    return made === undefined ? this.#run({ kind: 'items' }, new ItemsGathering()) : Array.from(made)
  }

  /** The values that an earlier step has made, where nothing is to be done to it. */
  async #made(): Promise<ArrayLike<unknown> | undefined> {
    return this.#items instanceof Later && this.#stages.length === 0 ? this.#items.make() : undefined
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    const made = await this.#made()
    if (made !== undefined) yield* Array.from(made)
    else for await (const values of this.#blocks({ kind: 'items' })) yield* values
  }

  count(): Promise<number> {
    return this.#run({ kind: 'count' }, new CountGathering())
  }

  async reduce(combine: unknown, ...initial: [] | [unknown]): Promise<unknown> {
    const step = stepReference(combine, 'reduce')
    return this.#run({ kind: 'reduce', step }, new FoldGathering(combine as Step, initial))
  }

  async fold(initial: unknown, step: unknown, combine: unknown): Promise<unknown> {
    const into = stepReference(step, 'fold')
    stepReference(combine, 'fold')
    const result = await this.#run({ kind: 'fold', step: into, initial }, new FoldGathering(combine as Step, []))
    return result === undefined ? initial : result
  }

  async foldBy(key: unknown, initial: unknown, step: unknown, combine: unknown): Promise<unknown> {
    const plan = { key: reference(key, 'key of foldBy'), step: stepReference(step, 'foldBy'), initial }
    stepReference(combine, 'foldBy')
    return this.#run({ kind: 'foldBy', ...plan }, new KeyedGathering(combine as Step, all => all))
  }

  async countBy(key?: unknown): Promise<unknown> {
    const by = key === undefined ? undefined : reference(key, 'countBy')
    const add = (a: number, b: number): number => a + b
    return this.#run({ kind: 'countBy', key: by }, new KeyedGathering(add, all => all))
  }

  async sum(): Promise<unknown> {
    return this.#run({ kind: 'sum' }, new SumGathering())
  }

  async minMax(): Promise<unknown> {
    return this.#run({ kind: 'minMax' }, new MinMaxGathering())
  }

  async histogram(options: HistogramOptions): Promise<Histogram> {
    checkKnown(options, histogramOptions, 'histogram option')
    const { from, to, bins } = options
    for (const [name, value] of Object.entries({ from, to })) {
      if (!Number.isFinite(value))
        throw new InvalidArgumentError(`${name} must be a finite number, got ${describe(value)}`)
    }
    if (!(to > from)) throw new InvalidArgumentError(`to must be more than from (${from}), got ${to}`)
    if (to - from === Infinity) throw new InvalidArgumentError(`from (${from}) and to (${to}) lie too far apart`)
    checkInteger(bins, 'bins', 1, 10_000_000)
    const counts = await this.#run({ kind: 'histogram', from, to, bins }, new HistogramGathering(bins))
    return {
      counts,
      edges: Array.from({ length: bins + 1 }, (_, n) => (n === bins ? to : from + ((to - from) * n) / bins)),
    }
  }

  async topK(most: number, options: TopOptions<unknown> = {}): Promise<unknown[]> {
    checkInteger(most, 'count', 0)
    checkKnown(options, topOptions, 'topK option')
    const { by, smallest = false } = options
    if (typeof smallest !== 'boolean') {
      throw new InvalidArgumentError(`smallest must be true or false, got ${describe(smallest)}`)
    }
    const selector = by === undefined ? undefined : reference(by, 'by of topK')
    return this.#run({ kind: 'topK', most, by: selector, smallest }, new TopGathering(most, smallest))
  }

  async #run<R>(ending: EndingPlan, gathering: Gathering<R>): Promise<R> {
    return runEnding(this.#items, this.#stages, this.#settings, ending, gathering)
  }

  /** The values that blocks come to, in their order, as they come. */
  #blocks(ending: EndingPlan): AsyncGenerator<unknown[]> {
    const open = (gathering: Gathering, room: () => Promise<void> | undefined): Promise<LaneRun> => {
      return openRun(this.#items, this.#stages, this.#settings, { ending, gathering, room })
    }
    return readBlocks(open, this.#settings.handover)
  }

  /** The same source and stages, with other settings. */
  withSettings(settings: ParSettings): Collection {
    return new Collection(this.#items, this.#stages, settings)
  }
}

/** Works through a source, and returns what the ending makes of it. */
export async function runEnding<R>(
  items: unknown,
  stages: readonly OpenStage[],
  settings: ParSettings,
  ending: EndingPlan,
  gathering: Gathering<R>,
): Promise<R> {
  const run = await openRun(items, stages, settings, { ending, gathering })
  run.start()
  await run.ended
  if (run.failure !== undefined) throw run.failure.error
  return gathering.result()
}

async function openRun(
  items: unknown,
  open: readonly OpenStage[],
  { handover, on, chunk = 'auto', concurrency, signal, priority, onProgress }: ParSettings,
  end: Pick<RunSettings, 'ending' | 'gathering' | 'room'>,
): Promise<LaneRun> {
  const stages = await Promise.all(open.map(async stage => (typeof stage === 'function' ? stage() : stage)))
  return new LaneRun(await openBlockSource(items, on.kind), {
    ...end,
    handover,
    isHere: on.kind === 'loop',
    stages,
    chunk: chunk === 'auto' ? undefined : chunk,
    concurrency,
    signal,
    options: settleCallOptions(priority === undefined ? {} : { priority }),
    onProgress,
  })
}

const joinOptions: ReadonlySet<string> = new Set(['left', 'right', 'outer'])
const sortOptions: ReadonlySet<string> = new Set(['by', 'descending'])
const topOptions: ReadonlySet<string> = new Set(['by', 'smallest'])
const histogramOptions: ReadonlySet<string> = new Set(['from', 'to', 'bins'])

/** A collection of some items, or of those of another collection. */
export function asCollection(items: unknown, settings: ParSettings): Collection {
  return brandOf(items as object) === 'Par'
    ? (items as Collection).withSettings(settings)
    : new Collection(items, [], settings)
}

/** The collection as its users see it. */
export function typed<T>(collection: Collection): Par<T> {
  return collection as unknown as Par<T>
}
