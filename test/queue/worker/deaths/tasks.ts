import { existsSync, writeFileSync } from 'node:fs'
import { current, task } from 'skein'
import { thisJob } from 'skein/queue'

/** Ends the program that it runs in, or its thread: at once, or by a rejection that nobody catches. */
export const kills = task(import.meta, function kills(how: 'exits' | 'rejects') {
  if (how === 'exits') process.exit(3)
  void Promise.reject(new Error('nobody catches this'))
  return current().sleep('1h')
})

/** Waits in its first run; a later one ends at once. */
export const innocent = task(import.meta, async function innocent() {
  const s = current()
  s.log('began')
  const { deaths } = await thisJob(s)
  if (deaths === 0) await s.sleep('1h')
  return deaths
})

/** Ends its program in the first run, fails in the second, is done in the third. */
export const diesThenFails = task(import.meta, async function diesThenFails(file: string) {
  const { deaths } = await thisJob(current())
  if (deaths === 0) process.exit(3)
  if (existsSync(file)) return 'done'
  writeFileSync(file, '')
  throw new Error('a passing failure')
})

/** Runs until it is stopped by force. */
export const lasts = task(import.meta, async function lasts() {
  const s = current()
  s.log('began')
  await new Promise(() => {})
})
