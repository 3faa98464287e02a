import { clearInterval, setInterval } from '../../core/time/platform.ts'
import { tuning } from './tuning.ts'

/**
 * Looks in now and then while something waits: for locks whose owners have died, and where the engine cannot wait without blocking. It
 * also keeps the program running meanwhile, which a wait of the engine does not.
 */
interface Listening {
  look(): void
}

const lines = new Set<Listening>()
let timer: ReturnType<typeof setInterval> | undefined

export function attend(line: Listening): void {
  if (tuning.slice === Infinity) return
  lines.add(line)
  timer ??= setInterval(look, 'waitAsync' in Atomics ? tuning.slice : 1)
}

export function leave(line: Listening): void {
  lines.delete(line)
  if (lines.size > 0) return
  clearInterval(timer)
  timer = undefined
}

function look(): void {
  for (const line of lines) line.look()
}
