import { inspecting } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import { UsageError } from '../exit-codes.ts'
import { allJobs } from '../../inspect/job-pages.ts'
import { short } from './words.ts'

/** Fewer characters of an id than these could mean too many jobs. */
const fewest = 4
/** So many jobs are looked through, the newest first: a beginning of an id is for what was just seen in a list. */
const most = 100_000

/**
 * The id of a job from its id or from the beginning of it, as in git. What begins no id is returned as it is: then the
 * store says what it knows of it.
 *
 * Errors: UsageError when several begin so.
 */
export async function findId(store: Store, word: string, command: string): Promise<string> {
  if (word.length < fewest || (await inspecting(store, 'find').find(word))) return word
  const found: string[] = []
  let looked = 0
  for await (const { id } of allJobs(store, {})) {
    if (id.startsWith(word)) found.push(id)
    if (found.length > 5 || ++looked === most) break
  }
  if (found.length <= 1) return found[0] ?? word
  const shown = found.slice(0, 5).map(id => `\n  ${id}`)
  throw new UsageError(
    `Several jobs begin with '${short(word, 60)}':${shown.join('')}${found.length > 5 ? '\n  and more' : ''}\nGive more of the id.`,
    command,
  )
}
