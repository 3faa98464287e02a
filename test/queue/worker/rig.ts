import type { Call, SkeinEvent } from 'skein'
import { outgoingCall } from '#skein/queue/outgoing.js'
import type { QueueWorker } from '#skein/queue/worker/queue-worker.js'
import type { StoredJob } from '#skein/stores/roles/inspector.js'
import type { InspectableStore } from '#skein/stores/roles/store.js'

/** The module whose tasks these tests run. */
export const taskModule: URL = new URL('./tasks.js', import.meta.url)

/** Puts calls into a store, as a client does; gives their ids. */
export async function send(store: InspectableStore, ...calls: readonly Call<unknown>[]): Promise<string[]> {
  const outgoing = await Promise.all(calls.map(async each => outgoingCall(each, 'run', 'default')))
  return (await store.broker.send(outgoing)).map(outcome => {
    if (outcome.outcome !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
    return outcome.id
  })
}

/** The job as soon as what is asked of it holds. */
export async function jobWhen(
  store: InspectableStore,
  id: string,
  holds: (job: StoredJob) => boolean,
): Promise<StoredJob> {
  let wake = (): void => {}
  const changed = (): void => wake()
  const off = store.results.watch(id, { ended: changed, reported: changed })
  try {
    for (;;) {
      const next = new Promise<void>(resolve => (wake = resolve))
      const job = await store.inspector.find(id)
      if (job && holds(job)) return job
      await next
    }
  } finally {
    off()
  }
}

/** The job once it has ended. */
export function ended(store: InspectableStore, id: string): Promise<StoredJob> {
  return jobWhen(store, id, job => ['done', 'failed', 'cancelled', 'dead'].includes(job.state))
}

/** Resolves once the job has written a line into its log: it runs. */
export async function logged(store: InspectableStore, id: string): Promise<void> {
  let wake = (): void => {}
  const off = store.results.watch(id, { reported: () => wake() })
  try {
    for (;;) {
      const next = new Promise<void>(resolve => (wake = resolve))
      if ((await store.results.reports(id, 0)).some(each => each.kind === 'log')) return
      await next
    }
  } finally {
    off()
  }
}

/** The next event of a kind. */
export function event<T extends SkeinEvent['type']>(
  worker: QueueWorker,
  type: T,
): Promise<Extract<SkeinEvent, { type: T }>> {
  return new Promise(resolve => {
    const off = worker.observe(each => {
      if (each.type !== type) return
      off()
      resolve(each as Extract<SkeinEvent, { type: T }>)
    })
  })
}
