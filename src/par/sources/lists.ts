import { SharedArray } from '../../shared/data/array.ts'
import { inNextTurn } from '../../core/time/next-turn.ts'
import { leafOfItems, leavesUpTo } from '../leaves.ts'
import type { BlockSource, Taken } from './source.ts'

const noClose = async (): Promise<void> => {}

/** Takes ranges of a list of known length. */
function ranges(length: number): (size: number, inLeaves: boolean) => { from: number; to: number } | undefined {
  let at = 0
  return (size, inLeaves) => {
    if (at >= length) return undefined
    const from = at
    const wanted = from + size
    at = Math.min(length, inLeaves ? leavesUpTo(from, wanted, leafOfItems) : wanted)
    return { from, to: at }
  }
}

/** An array, or a typed array whose memory is that of one thread: each block takes its part along. */
export function sliceSource(items: readonly unknown[] | ArrayBufferView): BlockSource {
  const list = items as readonly unknown[]
  const next = ranges(list.length)
  return {
    plan: { kind: 'sent' },
    total: list.length,
    leaf: leafOfItems,
    most: Number.POSITIVE_INFINITY,
    take: (size, inLeaves): Taken | undefined => {
      const range = next(size, inLeaves)
      return range && { ...range, data: list.slice(range.from, range.to) }
    },
    close: noClose,
  }
}

/** Numbers that every lane sees where they are. */
export function inPlaceSource(array: SharedArray | ArrayBufferView): BlockSource {
  const { length } = (array instanceof SharedArray ? array.view : array) as unknown as ArrayLike<unknown>
  return {
    plan: { kind: 'shared', array },
    total: length,
    leaf: leafOfItems,
    most: Number.POSITIVE_INFINITY,
    take: ranges(length),
    close: noClose,
  }
}

/** Anything that is iterated. */
export function iterableSource(items: Iterable<unknown>): BlockSource {
  const iterator = items[Symbol.iterator]()
  let at = 0
  let isDone = false
  return {
    plan: { kind: 'sent' },
    total: undefined,
    leaf: leafOfItems,
    most: 100_000,
    take: (size, inLeaves): Taken | undefined => {
      const from = at
      const end = inLeaves ? leavesUpTo(from, from + size, leafOfItems) : from + size
      const data: unknown[] = []
      while (!isDone && at < end) {
        const { done, value } = iterator.next()
        if (done) isDone = true
        else {
          data.push(value)
          at++
        }
      }
      return data.length === 0 ? undefined : { from, to: at, data }
    },
    close: async () => {
      try {
        if (!isDone) iterator.return?.()
      } catch {
        // The run has its own outcome to report.
      }
    },
  }
}

/** Anything that is iterated by waiting. What has come is handed on when nothing more comes in this turn of the event loop. */
export function asyncSource(items: AsyncIterable<unknown>): BlockSource {
  const iterator = items[Symbol.asyncIterator]()
  let at = 0
  let isDone = false
  let pending: Promise<IteratorResult<unknown>> | undefined
  return {
    plan: { kind: 'sent' },
    total: undefined,
    leaf: leafOfItems,
    most: 100_000,
    take: async (size, inLeaves) => {
      const from = at
      const end = inLeaves ? leavesUpTo(from, from + size, leafOfItems) : from + size
      const data: unknown[] = []
      let whole = from
      while (!isDone && at < end) {
        pending ??= iterator.next()
        if (inLeaves && at > whole) whole = leavesUpTo(from, at, leafOfItems)
        if (data.length > 0 && (!inLeaves || whole === at)) {
          const turn = new Promise<undefined>(resolve => inNextTurn(() => resolve(undefined)))
          const first = await Promise.race([pending, turn])
          if (first === undefined) break
        }
        const { done, value } = await pending
        pending = undefined
        if (done) isDone = true
        else {
          data.push(value)
          at++
        }
      }
      return data.length === 0 ? undefined : { from, to: at, data }
    },
    close: async () => {
      if (isDone) return
      const closed = Promise.resolve(iterator.return?.()).catch(() => {})
      // While it still owes a value, closing would wait for that, perhaps for ever.
      if (pending === undefined) await closed
      else pending.catch(() => {})
    },
  }
}
