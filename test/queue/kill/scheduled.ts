// The schedules of the kill matrix: their terms come while workers die, and each must have one job in the end.
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from 'skein'
import { type DurableQueue, queueIn } from 'skein/queue'
import type { InspectableStore } from '#skein/stores/roles/store.js'
import type { Terms } from './check.ts'
import { plain } from './programs/tasks.ts'

/** Several, so that a term comes every fifth of a second. */
const names = ['s1', 's2', 's3', 's4', 's5']
const every = 1_000
const retries = { times: 50, backoff: 20, maxBackoff: 200 }

/** Makes schedules whose terms are all made up for. */
export async function beginSchedules(store: InspectableStore): Promise<void> {
  const queue = queueIn(store)
  const from = Math.ceil(Date.now() / every) * every
  for (const [at, name] of names.entries()) {
    const options = { catchUp: 'all', from: from + at * 200 } as const
    await queue.schedule(name, { every }, call(plain, at).with({ retries }), options)
  }
}

/** Waits until a healthy worker has made up for all that has come, and lets no more come. Says which it has not, in time. */
export async function endSchedules(store: InspectableStore, patience: number): Promise<string[]> {
  const queue = queueIn(store)
  const now = Date.now()
  for (const end = now + patience; Date.now() < end; await sleep(50)) {
    if ((await nextOf(queue)).every(next => next > now)) break
  }
  const nexts = await nextOf(queue)
  for (const name of names) await (await queue.schedule(name))?.pause()
  return names.filter((_, at) => (nexts[at] ?? 0) <= now).map(name => `schedule ${name} was not made up for`)
}

async function nextOf(queue: DurableQueue): Promise<number[]> {
  const all = await queue.schedules()
  return names.map(name => all.find(each => each.name === name)?.next?.getTime() ?? 0)
}

/** The terms that have come: from the first one to the one before the next. */
export async function termsOf(store: InspectableStore): Promise<Terms[]> {
  const terms: Terms[] = []
  for (const { name, from, rule } of await queueIn(store).schedules()) {
    const schedule = await store.schedules.find(name)
    const { term } = JSON.parse(schedule?.progress ?? '{}') as { readonly term?: number }
    if (from === undefined || term === undefined || rule === undefined) continue
    const first = from.getTime()
    const count = Math.round((term - first) / every)
    terms.push({ name, moments: Array.from({ length: count }, (_, index) => first + index * every) })
  }
  return terms
}
