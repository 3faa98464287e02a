import type { CallOutcome, ResultListener, Results } from '../roles/results.ts'

type Final = Extract<CallOutcome['state'], 'done' | 'failed' | 'cancelled' | 'dead'>

const final: ReadonlySet<CallOutcome['state']> = new Set<Final>(['done', 'failed', 'cancelled', 'dead'])

/** True for an outcome that nothing changes any more. */
export function isFinal(outcome: CallOutcome): outcome is CallOutcome & { readonly state: Final } {
  return final.has(outcome.state)
}

/**
 * The outcome of a call of one store whose results are kept in another. A call that the store in which it stands ends by itself (it
 * has expired, was cancelled before it ran, has killed its workers) ends there alone, so that is asked, too.
 *
 * @param kept the results
 * @param own the results of the store in which the call stands
 * @param knows whether that store knows who has the call, and so that nobody has it any more
 */
export async function outcomeIn(kept: Results, own: Results, id: string, knows: boolean): Promise<CallOutcome> {
  const outcome = await kept.outcome(id)
  if (isFinal(outcome)) return outcome
  const other = await own.outcome(id)
  if (other.state !== 'done') {
    const wins = isFinal(other) || outcome.state === 'gone' || (knows && other.state === 'pending')
    return wins ? { ...outcome, ...other } : { ...other, ...outcome }
  }
  // Either it has ended while this was asked, or so long ago that its result is forgotten.
  const again = await kept.outcome(id)
  return isFinal(again) ? again : { state: 'gone' }
}

/** Listens to both: either may end it. */
export function watchIn(kept: Results, own: Results, id: string, listener: ResultListener, hold?: boolean): () => void {
  const { ended } = listener
  const stops = [kept.watch(id, listener, hold)]
  if (ended) stops.push(own.watch(id, { ended: () => ended() }, hold))
  return () => {
    for (const stop of stops) stop()
  }
}
