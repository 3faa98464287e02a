import { task } from 'skein'

/** What a node is made of, as a text: the same for the same graph. */
export const combine = task(import.meta, function combine(at: number, ...args: readonly unknown[]): string {
  const shown = JSON.stringify(args, (_, value: unknown) => (value instanceof Error ? value.message : value))
  return `${at}${shown.length > 200 ? `(${shown.length} ${hash(shown)})` : shown}`
})

export const refuse = task(import.meta, function refuse(_at: number, ..._args: readonly unknown[]): string {
  throw new RangeError('refused')
})

function hash(text: string): number {
  let sum = 7
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) | 0
  return sum
}
