import { milliseconds } from '../../core/time/duration.ts'
import { settlesWithin } from '../../core/time/settles-within.ts'
import { checkCalls, checkIntake, checkReports, checkSettlements } from '../check.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Broker, BrokerAbility } from '../roles/broker.ts'
import type { Inspector } from '../roles/inspector.ts'
import { foreignResults } from '../roles/need.ts'
import type { Results } from '../roles/results.ts'
import type { Store } from '../roles/store.ts'
import { Handled } from './handled.ts'
import { TogetherIntake } from './intake.ts'
import { isFinal, outcomeIn, watchIn } from './outcomes.ts'

/**
 * Puts two stores together: calls stand in one of them, and how they end is kept in the other.
 *
 * For a broker that cannot keep results, or should not. There is no commit over both: the result is written first, then the call
 * is acknowledged, and one that comes again although it has ended is acknowledged without a run. So there are no transactions, no
 * counters, no calls that come next and no steps that are undone, and a job that has ended is neither forgotten nor made to run again by hand. Where one
 * store can do it all, use that alone.
 *
 * **Cancellation**: `close()`, which closes both. **Errors**: `SKEIN_STORE_UNSUPPORTED` if the second store can keep results of its
 * own calls only; `SKEIN_INVALID_ARGUMENT` if both are the same store.
 *
 * @param calls the store whose broker takes calls in and hands them over
 * @param kept the store that keeps their results; another place than the first
 * @example
 * import { queueIn } from 'skein/queue'
 * import { together } from 'skein/stores'
 * import { memoryStore } from 'skein/stores/memory'
 *
 * await using store = together(memoryStore(), memoryStore())
 * await using queue = queueIn(store)
 * console.log(queue.url) // memory: with results in memory:
 */
export function together(calls: Store, kept: Store): Store {
  if (isSameStore(calls, kept)) {
    throw new InvalidArgumentError(
      `${calls.url} and ${kept.url} are the same store, so its jobs have their results there already. Open it by its URL alone, or ` +
        'give the results another place.',
    )
  }
  const handled = new Handled(calls.broker, foreignResults(kept))
  const underWay = new Set<Promise<unknown>>()
  /** Writes, and is waited for by `close`: what was given before is still written in both. */
  const writing = async <T>(write: () => Promise<T>): Promise<T> => {
    const written = write()
    underWay.add(written)
    try {
      return await written
    } finally {
      underWay.delete(written)
    }
  }
  const registry = calls.registry ?? kept.registry
  const store: Store = {
    url: `${calls.url} with results in ${kept.url}`,
    broker: {
      durability: weaker(calls.broker.durability, kept.broker.durability),
      can: new Set<BrokerAbility>(
        [...calls.broker.can].filter(each => each !== 'next' && each !== 'undo' && each !== 'canvas'),
      ),
      send: async given => writing(async () => calls.broker.send(checkCalls(given, store))),
      intake: (request, receiver) => new TogetherIntake(calls.broker, handled, checkIntake(request, store), receiver),
      settle: async given => writing(async () => handled.settle(checkSettlements(given, store))),
      renew: async (claims, lease) => handled.said(claims, held => calls.broker.renew(held, lease)),
      blame: async (claims, blamed) => handled.said(claims, held => calls.broker.blame(held, blamed)),
    },
    results: {
      outcome: async id => outcomeIn(kept.results, calls.results, id, calls.broker.can.has('leases')),
      watch: (id, listener, hold) => watchIn(kept.results, calls.results, id, listener, hold),
      report: async given => writing(async () => kept.results.report(checkReports(given, store))),
      reports: async (id, after) => kept.results.reports(id, after),
    },
    ...(calls.inspector ? { inspector: inspectorOf(calls.inspector, kept.results) } : {}),
    ...(registry ? { registry } : {}),
    ...(calls.schedules ? { schedules: calls.schedules } : {}),
    close: async options => {
      const timeout = milliseconds(options?.timeout ?? Infinity, 'timeout')
      await settlesWithin(
        Promise.allSettled(underWay).then(() => handled.release()),
        timeout,
      )
      await Promise.all([calls.close(options), kept.close(options)])
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}

/** True where two stores are one and the same, opened twice perhaps, or under two names. */
export function isSameStore(one: Store, other: Store): boolean {
  return one === other || (one.location !== undefined && one.location === other.location)
}

function weaker(one: Broker['durability'], other: Broker['durability']): Broker['durability'] {
  const durabilities = ['none', 'relaxed', 'full'] as const
  return durabilities.find(each => each === one || each === other) ?? 'none'
}

/**
 * The inspector of calls that stand in one store and end in another: none that has ended is forgotten, or runs again. Of a single
 * one it is the results that say how it has ended; lists go by what the store was told in which the calls stand.
 */
function inspectorOf(inspector: Inspector, kept: Results): Inspector {
  const { find, list, cancel, pause, resume, stats, ended } = inspector
  return {
    ...(find && {
      find: async id => {
        const job = await find.call(inspector, id)
        if (job === undefined) return job
        const { result: _acknowledged, ...rest } = job
        const outcome = await kept.outcome(id)
        if (!isFinal(outcome)) return rest
        const { state, result, error } = outcome
        const { error: _said, ...bare } = rest
        return {
          ...bare,
          state,
          ...(result === undefined ? {} : { result }),
          ...(error === undefined ? {} : { error }),
        }
      },
    }),
    ...(list && {
      list: async filter => (await list.call(inspector, filter)).map(({ result: _acknowledged, ...rest }) => rest),
    }),
    ...(cancel && { cancel: cancel.bind(inspector) }),
    ...(pause && { pause: pause.bind(inspector) }),
    ...(resume && { resume: resume.bind(inspector) }),
    ...(stats && { stats: stats.bind(inspector) }),
    ...(ended && { ended: ended.bind(inspector) }),
  }
}
