import { call, current, task } from 'skein'

/** What a node is made of, as a text: the same for the same graph. */
export const combine = task(import.meta, function combine(at: number, ...args: readonly unknown[]): string {
  const shown = JSON.stringify(args, (_, value: unknown) => (value instanceof Error ? value.message : value))
  return `${at}${shown.length > 200 ? `(${shown.length} ${hash(shown)})` : shown}`
})

/** The same at the second attempt; the first fails. */
export const combineInTheEnd = task(
  import.meta,
  function combineInTheEnd(at: number, ...args: readonly unknown[]): string {
    if (current().attempt === 1) throw new RangeError('not yet')
    return combine(at, ...args)
  },
)

/** The same at the second attempt; the first takes its worker with it. */
export const combineAfterDeath = task(
  import.meta,
  function combineAfterDeath(at: number, ...args: readonly unknown[]): string {
    if (current().attempt === 1) process.exit(3)
    return combine(at, ...args)
  },
)

/** The same by another call. */
export const handOn = task(import.meta, async function handOn(at: number, ...args: readonly unknown[]) {
  return call(combine, at, ...(args as never[]))
})

export const refuse = task(import.meta, function refuse(_at: number, ..._args: readonly unknown[]): string {
  throw new RangeError('refused')
})

function hash(text: string): number {
  let sum = 7
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) | 0
  return sum
}
