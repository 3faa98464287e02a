// A program that imports this comes to grief by itself, at any moment: SKEIN_KILL_AFTER is milliseconds, a colon, and how.
import { isMainThread } from 'node:worker_threads'

const [after, how] = (process.env['SKEIN_KILL_AFTER'] ?? '').split(':')
// Only in the program itself: a process of a pool that ends is another matter, and has an IPC channel or a parent to tell.
if (after && isMainThread && !process.env['SKEIN_KILL_SPARED']) {
  // What is started from here inherits the environment, and is spared.
  process.env['SKEIN_KILL_SPARED'] = '1'
  setTimeout(() => {
    if (how === 'exit') process.exit(9)
    const hoard: number[][] = []
    for (;;) hoard.push(new Array<number>(1_000_000).fill(0.5))
  }, Number(after)).unref()
}
