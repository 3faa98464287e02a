import type { Block, SourcePlan } from '../plan.ts'
import { SharedArray } from '../../shared/data/array.ts'
import { type LeafPart, leavesOfText, openText, type SentText } from '../sources/text.ts'
import { leafEnd, leafOfItems } from '../leaves.ts'

/** The reader of the blocks of one lane. */
export interface BlockReader {
  read(block: Block): Iterable<LeafPart> | Promise<Iterable<LeafPart>>
  close(): Promise<void>
}

/** @param inLeaves false: a block is as good as a leaf, since nothing is put together within it */
export async function openBlocks(source: SourcePlan, inLeaves: boolean): Promise<BlockReader> {
  const noClose = async (): Promise<void> => {}
  switch (source.kind) {
    case 'sent':
      return {
        read: ([, from, to, data]) => leavesOf(data as ArrayLike<unknown>, { from, to, offset: from, inLeaves }),
        close: noClose,
      }
    case 'shared': {
      const { array } = source
      const values = (array instanceof SharedArray ? array.view : array) as unknown as ArrayLike<unknown>
      return { read: ([, from, to]) => leavesOf(values, { from, to, offset: 0, inLeaves }), close: noClose }
    }
    case 'text': {
      const { of: kind } = source
      return {
        read: ([, from, to, data]) => {
          const { bytes, at } = data as SentText
          return leavesOfText(bytes, { from, to, kind, at })
        },
        close: noClose,
      }
    }
    case 'file': {
      const text = await openText(source.file)
      const { of: kind, size } = source
      return {
        read: async ([, from, to]) => {
          const { bytes, at } = await text.read(from, to, size)
          return leavesOfText(bytes, { from, to, kind, at })
        },
        close: () => text.close(),
      }
    }
  }
}

interface Range {
  readonly from: number
  readonly to: number
  /** The position of the first of the values. */
  readonly offset: number
  readonly inLeaves: boolean
}

function* leavesOf(values: ArrayLike<unknown>, { from, to, offset, inLeaves }: Range): Generator<LeafPart> {
  for (let at = from; at < to;) {
    const end = inLeaves ? Math.min(to, leafEnd(at, leafOfItems)) : to
    yield { values, from: at - offset, to: end - offset, ends: true }
    at = end
  }
}
