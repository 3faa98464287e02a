import { setImmediate } from './platform.ts'

let count = 0

/** Runs what has kept the event loop for long enough in its next turn: after input, output and timers. */
export function inNextTurn(run: () => void): void {
  count++
  setImmediate(() => {
    count--
    run()
  })
}

/** True while something waits for the next turn: a clock that a test turns must not jump ahead of it. */
export function waitsForNextTurn(): boolean {
  return count > 0
}
