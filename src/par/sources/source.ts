import type { LeafSize } from '../leaves.ts'
import type { SourcePlan } from '../plan.ts'

/** A part of a source, from one position to another, and its values where a lane cannot find them by itself. */
export interface Taken {
  readonly from: number
  readonly to: number
  readonly data?: unknown
}

/** A source that blocks are taken from. */
export interface BlockSource {
  readonly plan: SourcePlan
  /** The number of positions that there are, where that is known. */
  readonly total: number | undefined
  readonly leaf: LeafSize
  /** The most positions that a block may have. */
  readonly most: number
  /**
   * Takes the next block. Asked again only after it has answered.
   *
   * @param size how many positions it should have
   * @param inLeaves true where it may end only where a leaf ends
   */
  take(size: number, inLeaves: boolean): Taken | undefined | Promise<Taken | undefined>
  /** Tells the source that no more will be taken. Never rejects. */
  close(): Promise<void>
}

/** Values that are there only once they are asked for. */
export class Later {
  readonly make: () => Promise<ArrayLike<unknown>>

  constructor(make: () => Promise<ArrayLike<unknown>>) {
    this.make = make
  }
}
