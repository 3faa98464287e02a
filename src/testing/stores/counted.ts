import assert from 'node:assert/strict'
import type { Claim } from '../../stores/roles/broker.ts'
import type { AwaitedCounter, OutgoingCall } from '../../stores/roles/calls.ts'
import type { Probe } from './probe.ts'
import { outgoing } from './scene.ts'

/** Calls that are the members of counter `c`, in order. */
export function members(ids: readonly string[], changes: Partial<OutgoingCall> = {}): OutgoingCall[] {
  return ids.map((id, member) => outgoing({ id, counts: [{ counter: 'c', member }], ...changes }))
}

/** The wait of a call for so many members of a counter. */
export function after(count: number, failure: AwaitedCounter['failure'] = 'release', counter = 'c'): AwaitedCounter {
  return { counter, members: count, failure }
}

/** A call that waits for counter `c`. */
export function waiter(
  id: string,
  count: number,
  failure?: AwaitedCounter['failure'],
  changes: Partial<OutgoingCall> = {},
): OutgoingCall {
  return outgoing({ id, after: after(count, failure), ...changes })
}

/** Ends the next call in line, as done with its own id as the result. */
export async function finishOne(probe: Probe, claim?: Claim): Promise<string> {
  const ended = claim ?? (await probe.oneClaim())
  assert.equal(await probe.settled(ended, { kind: 'done', result: JSON.stringify(ended.id) }), 'ok')
  return ended.id
}
