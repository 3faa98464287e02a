// Does something now, and again after each change of a file.
import { watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './steps.mjs'

/** An editor writes several files, or one in several steps: milliseconds without news that make them one change. */
const quiet = 100

/** What editors write for themselves. */
const notNews = /(^|[\\/])(\.|4913$)|~$/

/**
 * Calls `action` with a signal, and again after each change in the folders (paths from the root), until `end` aborts. A
 * change while it is under way aborts the signal of the action; the next call waits for its end. `waits` hears when there is
 * nothing to do but to wait for a change.
 */
export async function afterEachChange(folders, action, { end, waits = () => {} } = {}) {
  let changes = 0
  let changed = () => {}
  const heard = (_event, path) => {
    if (path && notNews.test(path)) return
    changes++
    changed()
  }
  const watchers = folders.map(folder => watch(join(root, folder), { recursive: true }, heard))
  end?.addEventListener('abort', () => changed(), { once: true })
  while (!end?.aborted) {
    const seen = changes
    const controller = new AbortController()
    changed = () => controller.abort()
    await action(controller.signal)
    if (changes === seen && !end?.aborted) {
      waits()
      await new Promise(resolve => {
        changed = resolve
      })
    }
    for (let last; last !== changes; await sleep(quiet)) last = changes
  }
  for (const watcher of watchers) watcher.close()
}
