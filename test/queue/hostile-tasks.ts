import { current, task } from 'skein'

export const echo = task(import.meta, function echo(value: unknown) {
  return value
})

/** So many characters; fails with as many where the number is below zero. */
export const large = task(import.meta, function large(length: number) {
  if (length < 0) throw new Error('x'.repeat(-length))
  return 'x'.repeat(length)
})

/** Tells more than anybody wants to know. */
export const chatty = task(import.meta, async function chatty(length: number) {
  const s = current()
  s.log('begins')
  s.log('x'.repeat(length))
  s.progress('x'.repeat(length))
  s.log('ends')
  await s.sleep(0)
  return 'done'
})

/** Runs until it is stopped. */
export const oddReasons = task(import.meta, async function oddReasons() {
  const s = current()
  s.log('runs')
  await s.sleep('1h')
})
