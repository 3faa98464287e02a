import type { OutgoingCall } from '../../stores/roles/calls.ts'

/** A call, and its inner ones, in a queue unless they name another. */
export function inQueue(call: OutgoingCall, queue: string): OutgoingCall {
  const { inner } = call
  if (call.queue !== '' && inner === undefined) return call
  return {
    ...call,
    queue: call.queue === '' ? queue : call.queue,
    ...(inner ? { inner: inner.map(each => inQueue(each, queue)) } : {}),
  }
}
