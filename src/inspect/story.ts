import type { Reported } from '../stores/roles/results.ts'
import type { Store } from '../stores/roles/store.ts'
import { iso } from './job-json.ts'
import { type ReadEntry, readEntry } from './read-job.ts'

/** All that a job has left behind and that has happened to it, in order. */
export async function storyOf(store: Pick<Store, 'results'>, id: string): Promise<ReadEntry[]> {
  const story: Reported[] = []
  for (;;) {
    const last = story.at(-1)?.sequence ?? 0
    const more = await store.results.reports(id, last)
    story.push(...more)
    // What is damaged may not go on where it should.
    if (more.length < 1_000 || !((more.at(-1)?.sequence ?? 0) > last)) return story.map(readEntry)
  }
}

/** An entry of a story for programs: its time as ISO text. */
export function entryAsJson({ time, damaged, ...entry }: ReadEntry): Record<string, unknown> {
  return { ...entry, ...(time === undefined ? {} : { time: iso(time) }), ...(damaged ? { damaged } : {}) }
}
