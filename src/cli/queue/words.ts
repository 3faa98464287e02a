import type { StoredState } from '../../stores/roles/calls.ts'
import { retentionParts } from '../../stores/options.ts'
import type { Retention } from '../../stores/roles/retention.ts'
import { bytes, count, plural, time } from '../ui/amount.ts'
import { printable } from '../../core/report/printable.ts'
import type { Style } from '../ui/style.ts'

/** A text on one line of at most so many columns. */
export function short(text: string, width: number): string {
  const line = printable(text.replace(/\s+/g, ' '))
  const letters = [...line]
  return letters.length <= width ? line : `${letters.slice(0, width - 1).join('')}…`
}

/** A length of time since a moment, in words: `3 s`, `2 h`; a dash where there was no such moment. */
export function since(moment: number | undefined, now: number): string {
  return moment === undefined ? '-' : span(now - moment)
}

/** A length of time in words, in the largest unit that fits. */
export function span(milliseconds: number): string {
  const ms = Math.max(0, milliseconds)
  if (ms < 60_000) return time(ms)
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`
  return `${Math.floor(ms / 86_400_000)} d`
}

/** The past that a store keeps, in words: `done: the last 10,000, 7 d, 256 MiB; failed: …`. */
export function retentionText(retention: Retention): string {
  return retentionParts
    .map(part => {
      const { count: most, age, bytes: size } = retention[part]
      const limits = [
        most === Infinity ? [] : [`the last ${count(most)}`],
        age === Infinity ? [] : [span(age)],
        size === Infinity ? [] : [bytes(size)],
      ].flat()
      return `${part}: ${limits.length === 0 ? 'everything' : limits.join(', ')}`
    })
    .join('; ')
}

/** A state, coloured as it deserves. */
export function stateText(state: StoredState, style: Style): string {
  if (state === 'done') return style.green(state)
  if (state === 'failed' || state === 'dead') return style.red(state)
  if (state === 'running') return style.cyan(state)
  return state === 'cancelled' ? style.yellow(state) : state
}

/** A warning that counts the damaged jobs among those shown; nothing where none is. */
export function damagedWarning(damaged: number, style: Style): string[] {
  if (damaged === 0) return []
  const are = damaged === 1 ? 'is' : 'are'
  return [
    '',
    `${style.yellow('!')} ${plural(damaged, 'job')} here ${are} damaged: what the store holds of ${damaged === 1 ? 'it' : 'them'} makes no sense. skein job ID shows what can be read.`,
  ]
}
