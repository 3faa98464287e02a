// The tasks that run while the broker fails, or the way to it does: they write down here what they do.
import { call, current, sleep, task } from 'skein'
import { submitNext, thisJob } from 'skein/queue'

/** The times at which attempts have begun, by the worker's queue. */
export const begun: { readonly queue: string; readonly at: number }[] = []
/** The ids of the jobs that have followed each: a settlement sends one under a new id. */
export const counted = new Map<string, Set<string>>()

/** Sent in the commit that acknowledges another. It may run again itself, as the same job. */
export const follow = task(import.meta, async function follow(name: string): Promise<string> {
  const { id } = await thisJob(current())
  counted.set(name, (counted.get(name) ?? new Set()).add(id))
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
