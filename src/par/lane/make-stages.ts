import type { AnyFunction, TaskIdentity } from '../../call/define/identity.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { DistinctSink, CountBySink, FoldBySink } from '../endings/keyed.ts'
import { FoldSink, type Step } from '../endings/fold.ts'
import { ItemsSink } from '../endings/items.ts'
import { CountSink, HistogramSink, MinMaxSink, SumSink } from '../endings/numbers.ts'
import { ScanSink } from '../endings/scan.ts'
import type { Selector, Sink } from '../endings/sink.ts'
import { type Order, SortSink } from '../endings/sorted.ts'
import { StoreSink } from '../endings/store.ts'
import { TopSink } from '../endings/top.ts'
import type { EndingPlan, LanePlan, OrderPlan, Reference } from '../plan.ts'
import { apply, type Doing, type Stage } from './stage.ts'

/** Finds the function of a task, in the way of the place that the lane runs in. */
export type Load = (task: TaskIdentity) => AnyFunction | Promise<AnyFunction>

/** The stages and the ending of a plan with all that they need. */
export async function makeStages({ stages, ending }: LanePlan, load: Load): Promise<{ stages: Stage[]; sink: Sink }> {
  const doing = async (by: Reference): Promise<Doing> => {
    return typeof by === 'object' ? { fn: (await load(by)) as (value: unknown) => unknown } : { property: by }
  }
  const made: Stage[] = []
  for (const stage of stages) {
    if (stage.kind !== 'join') {
      made.push({ kind: stage.kind, does: await doing(stage.by) })
      continue
    }
    const table = tableOf(stage.items, await doing(stage.right))
    made.push({ kind: 'join', does: await doing(stage.left), table, outer: stage.outer })
  }
  return { stages: made, sink: await sinkOf(ending, { doing, load }) }
}

function tableOf(items: readonly unknown[], key: Doing): ReadonlyMap<unknown, readonly unknown[]> {
  const table = new Map<unknown, unknown[]>()
  for (const item of items) {
    const of = apply(key, item)
    const partners = table.get(of)
    if (partners === undefined) table.set(of, [item])
    else partners.push(item)
  }
  return table
}

interface Finding {
  readonly doing: (by: Reference) => Promise<Doing>
  readonly load: Load
}

async function sinkOf(ending: EndingPlan, { doing, load }: Finding): Promise<Sink> {
  const selector = async (by: Reference | undefined): Promise<Selector | undefined> => {
    if (by === undefined) return undefined
    const does = await doing(by)
    return value => apply(does, value)
  }
  const step = async (by: Reference): Promise<Step> => ((await doing(by)) as { readonly fn: Step }).fn
  switch (ending.kind) {
    case 'items':
      return new ItemsSink()
    case 'count':
      return new CountSink()
    case 'sum':
      return new SumSink()
    case 'minMax':
      return new MinMaxSink()
    case 'histogram':
      return new HistogramSink(ending.from, ending.to, ending.bins)
    case 'reduce':
      return new FoldSink(await step(ending.step))
    case 'scan':
      return new ScanSink(await step(ending.step))
    case 'fold':
      return new FoldSink(await step(ending.step), copier(ending.initial))
    case 'topK':
      return new TopSink(ending.most, ending.smallest, await selector(ending.by))
    case 'distinct':
      return new DistinctSink(await selector(ending.by))
    case 'countBy':
      return new CountBySink(await selector(ending.key))
    case 'foldBy':
      return new FoldBySink((await selector(ending.key)) as Selector, await step(ending.step), copier(ending.initial))
    case 'sort':
      return new SortSink(await orderOf(ending.order, selector, load))
    case 'store':
      return new StoreSink(ending.array)
    default:
      throw new InvalidArgumentError(
        `There is no ending '${(ending as { kind: string }).kind}': two versions of skein have met.`,
      )
  }
}

async function orderOf(
  order: OrderPlan,
  selector: (by: Reference | undefined) => Promise<Selector | undefined>,
  load: Load,
): Promise<Order> {
  if ('compare' in order) return { compare: (await load(order.compare)) as (a: unknown, b: unknown) => number }
  return { by: await selector(order.by), descending: order.descending }
}

/** Makes what each leaf or key begins with: a value of its own, since a step may write into it. */
function copier(initial: unknown): () => unknown {
  return typeof initial === 'object' && initial !== null ? () => structuredClone(initial) : () => initial
}
