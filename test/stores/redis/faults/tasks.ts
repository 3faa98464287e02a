// The tasks that run while the broker fails, or the way to it does: they write down here what they do.
import { call, current, sleep, task } from 'skein'
import { submitNext } from 'skein/queue'

/** The times at which attempts have begun, by the worker's queue. */
export const begun: { readonly queue: string; readonly at: number }[] = []
/** How often the attempt of each job has come to its end. */
export const counted = new Map<string, number>()

/** Sent in the commit that acknowledges another: so often each was acknowledged. */
export const follow = task(import.meta, function follow(name: string): string {
  counted.set(name, (counted.get(name) ?? 0) + 1)
  return name
})

/** Works for a moment, and is followed by one that counts. */
export const work = task(import.meta, async function work(queue: string, name: string): Promise<string> {
  begun.push({ queue, at: performance.now() })
  const s = current()
  await sleep(5, s)
  await submitNext(s, call(follow, name).with({ queue }))
  return name
})

/** Takes what others have given. */
export const join = task(import.meta, function join(names: readonly string[]): string {
  return names.join(' ')
})
