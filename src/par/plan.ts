import type { TaskIdentity } from '../call/define/identity.ts'
import type { SharedArray } from '../shared/data/array.ts'

/** The work on one value: by a task, or by taking a property of it. */
export type Reference = TaskIdentity | string | number

/** A part of the way of each item, as data that any worker can read. */
export type StagePlan =
  | { readonly kind: 'map' | 'filter' | 'flatMap'; readonly by: Reference }
  | {
      readonly kind: 'join'
      readonly left: Reference
      readonly right: Reference
      readonly items: readonly unknown[]
      /** True where an item without a partner stays. */
      readonly outer: boolean
    }

/** The way in which values that come out of the stages are put together. */
export type EndingPlan =
  | { readonly kind: 'items' | 'count' | 'sum' | 'minMax' }
  | { readonly kind: 'reduce' | 'scan'; readonly step: Reference }
  | { readonly kind: 'fold'; readonly step: Reference; readonly initial: unknown }
  | { readonly kind: 'histogram'; readonly from: number; readonly to: number; readonly bins: number }
  | { readonly kind: 'topK'; readonly most: number; readonly by: Reference | undefined; readonly smallest: boolean }
  | { readonly kind: 'distinct'; readonly by: Reference | undefined }
  | { readonly kind: 'countBy'; readonly key: Reference | undefined }
  | { readonly kind: 'foldBy'; readonly key: Reference; readonly step: Reference; readonly initial: unknown }
  | { readonly kind: 'sort'; readonly order: OrderPlan }
  | { readonly kind: 'store'; readonly array: ArrayBufferView }

/** An order of values: by a task that compares two, or that of numbers and texts, perhaps of a property. */
export type OrderPlan =
  | { readonly compare: TaskIdentity }
  | { readonly by: Reference | undefined; readonly descending: boolean }

/** The place where a lane finds the values of a block. */
export type SourcePlan =
  | { readonly kind: 'sent' }
  | { readonly kind: 'shared'; readonly array: SharedArray | ArrayBufferView }
  | { readonly kind: 'file'; readonly file: string; readonly size: number; readonly of: 'lines' | 'json' | 'pieces' }
  | { readonly kind: 'text'; readonly of: 'lines' | 'json' | 'pieces' }

/** All that a lane has to know, once. */
export interface LanePlan {
  readonly source: SourcePlan
  readonly stages: readonly StagePlan[]
  readonly ending: EndingPlan
}

/** A part of the source that a lane works on in one go: from one position to another, with its values where they had to be sent. */
export type Block = readonly [index: number, from: number, to: number, data?: unknown]

/** The end of a block: how many milliseconds it took, and what goes back of it. */
export type Receipt = readonly [index: number, duration: number, result: unknown]

/** The questions of a lane. */
export const laneAsk = {
  /** Answer: the next `Block`, or undefined when none is left. */
  take: 'par-take',
  /** Value: a `Receipt`. Answered when more may come. */
  give: 'par-give',
} as const

/** The moments at which an ending sends back what it has: for each leaf, for each block, or once, at the end of the lane. */
export function cadenceOf({ kind }: EndingPlan): 'leaf' | 'block' | 'lane' {
  switch (kind) {
    case 'reduce':
    case 'fold':
    case 'scan':
    case 'sum':
      return 'leaf'
    case 'items':
    case 'sort':
      return 'block'
    default:
      return 'lane'
  }
}
