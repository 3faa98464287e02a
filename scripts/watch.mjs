// Does something now, and again after each change of a file.
import { watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './steps.mjs'

/** An editor writes several files, or one in several steps: milliseconds without news that make them one change. */
const quiet = 100

/**
 * Calls `action` with a signal, and again after each change in the folders (paths from the root), until Ctrl-C. A change
 * while it is under way aborts the signal; the next call waits for its end.
 */
export async function afterEachChange(folders, action) {
  let changes = 0
  let changed = () => {}
  const heard = (_event, path) => {
    if (path && /(^|[\\/])(\.|node_modules|4913$)|~$/.test(path)) return // what editors and tools write for themselves
    changes++
    changed()
  }
  for (const folder of folders) watch(join(root, folder), { recursive: true }, heard)
  for (;;) {
    const seen = changes
    const controller = new AbortController()
    changed = () => controller.abort()
    await action(controller.signal)
    if (changes === seen) {
      console.log('\nwaiting for a change; Ctrl-C ends this')
      await new Promise(resolve => {
        changed = resolve
      })
    }
    for (let last; last !== changes; await sleep(quiet)) last = changes
    if (process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[3J\u001b[H')
  }
}
