import { InvalidArgumentError } from '../errors/errors.ts'
import { describe } from '../errors/checks.ts'

/** Items of a source, or the error that it has failed with. */
export type Taken = { readonly items: unknown[]; readonly done: boolean } | { readonly error: unknown }

/** The items of a map, from either kind of iterable. */
export interface Source {
  /** Takes up to `most` items (an async source yields one at a time). */
  take(most: number): Taken | Promise<Taken>
  /** Tells the source that no more will be taken. Never rejects. */
  close(): Promise<void>
}

/** The source of a map. Throws for anything but an iterable. */
export function openSource(items: Iterable<unknown> | AsyncIterable<unknown>): Source {
  const both = items as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined
  if (typeof both?.[Symbol.asyncIterator] === 'function') {
    const iterator = (items as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    return {
      take: async () => {
        const { done, value } = await iterator.next()
        return done ? { items: [], done: true } : { items: [value], done: false }
      },
      close: async () => {
        try {
          await iterator.return?.()
        } catch {
          // The map has its own outcome to report; a source that fails while it is being closed cannot change it.
        }
      },
    }
  }
  if (Array.isArray(items) && both?.[Symbol.iterator] === Array.prototype[Symbol.iterator]) return openArray(items)
  if (typeof both?.[Symbol.iterator] !== 'function') {
    throw new InvalidArgumentError(`map needs an iterable or an async iterable of items, got ${describe(items)}`)
  }
  const iterator = (items as Iterable<unknown>)[Symbol.iterator]()
  return {
    take: most => {
      const taken: unknown[] = []
      try {
        while (taken.length < most) {
          const { done, value } = iterator.next()
          if (done) return { items: taken, done: true }
          taken.push(value)
        }
      } catch (error) {
        return { error }
      }
      return { items: taken, done: false }
    },
    close: async () => {
      try {
        iterator.return?.()
      } catch {
        // As above.
      }
    },
  }
}

/** The elements that its iterator would yield, without asking it for each. */
function openArray(items: readonly unknown[]): Source {
  let at = 0
  return {
    take: most => {
      const taken: unknown[] = []
      try {
        const end = Math.min(at + most, items.length)
        while (at < end) taken.push(items[at++])
      } catch (error) {
        return { error } // of a getter
      }
      // As with its iterator, what is added while the last one is worked on still belongs to it.
      return { items: taken, done: taken.length < most }
    },
    close: () => Promise.resolve(),
  }
}
