import { userFrames } from '../../core/report/place.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { ownTag, threadName } from '../../core/system/thread-table.ts'
import type { SharedHandle } from '../memory/handle.ts'
import { holdsOf } from '../memory/holding.ts'
import { type BoardRecord, orders, readRecords, takeRecord, textOf, writeRecord } from './board.ts'

/**
 * Watches the order in which locks are taken, with `SKEIN_DEBUG=1`. Who asks for one while it holds another one writes that down, where all threads see it, and looks whether somebody has ever gone the other way, also over several locks. If
 * so, the two can deadlock, whether or not they do so this time. Each writes before it looks, so of two that do so at the same moment one sees the other.
 */

interface Order {
  readonly before: string
  readonly after: string
  readonly who: string
  readonly beforeAt: string
  readonly afterAt: string
}

/** The orders that this thread has written down. */
const seen = new Set<string>()

/**
 * A lock is asked for.
 *
 * @param blocks whether the whole thread waits for it
 * @returns the place where that is
 */
export function asksFor(lock: SharedHandle, scope: Scope | undefined, blocks: boolean): Error {
  const at = new Error(lock.title)
  const id = lock.words[1] as number
  for (const { handle, since } of holdsOf(scope, blocks)) {
    const held = handle.words[1] as number
    if (held === id || seen.has(`${held} ${id}`)) continue
    seen.add(`${held} ${id}`)
    const known = readRecords(orders)
    if (!known.some(({ numbers }) => numbers[0] === held && numbers[1] === id)) {
      const record = takeRecord(orders)
      const who = scope === undefined ? threadName(ownTag()) : `${scope.title} of ${threadName(ownTag())}`
      const order: Order = {
        before: handle.title,
        after: lock.title,
        who,
        beforeAt: frames(since),
        afterAt: frames(at),
      }
      if (record !== undefined) writeRecord(orders, record, [held, id], JSON.stringify(order))
      const back = way(readRecords(orders), id, held)
      if (back !== undefined) warn(order, back)
    }
  }
  return at
}

/** The orders that lead from one lock to another. */
function way(records: readonly BoardRecord[], from: number, to: number): readonly BoardRecord[] | undefined {
  const done = new Set<number>()
  const search = (lock: number): readonly BoardRecord[] | undefined => {
    done.add(lock)
    for (const record of records) {
      const [before, after] = record.numbers as [number, number]
      if (before !== lock) continue
      if (after === to) return [record]
      const rest = done.has(after) ? undefined : search(after)
      if (rest !== undefined) return [record, ...rest]
    }
    return undefined
  }
  return search(from)
}

function warn(here: Order, back: readonly BoardRecord[]): void {
  const others = back.map(({ n }) => JSON.parse(textOf(orders, n)) as Order)
  const told = (order: Order): string =>
    `${order.who} took ${order.before} at\n${order.beforeAt}\nand then asked for ${order.after} at\n${order.afterAt}`
  process.emitWarning(
    `Locks are taken in different orders: ${here.who} asks for ${here.after} while it holds ${here.before}; but ` +
      `${others.map(({ who, before, after }) => `${who} has asked for ${after} while it held ${before}`).join('; ')}. ` +
      'As soon as that happens at the same time it is a deadlock. Take them in the same order everywhere.',
    { type: 'SkeinLockOrderWarning', detail: [here, ...others].map(told).join('\n') },
  )
}

function frames(error: Error | undefined): string {
  return userFrames(error)?.split('\n').slice(0, 4).join('\n').slice(0, 700) ?? '    (unknown)'
}
