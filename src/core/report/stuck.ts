import { since } from '../time/clock.ts'
import { StuckTaskError } from '../errors/errors.ts'
import { messageOf } from '../errors/foreign.ts'
import type { StuckTask } from './find-stuck.ts'
import { userFrames } from './place.ts'

/** So many are named; a warning of a million lines would be read by nobody. */
const longestList = 20

/** The warning about work that does not end although it was cancelled. */
export function describeStuck(cancelError: unknown, grace: number, stuck: readonly StuckTask[]): StuckTaskError {
  const lines = stuck.slice(0, longestList).map(task => `  - ${describe(task)}`)
  if (stuck.length > lines.length) lines.push(`  - and ${(stuck.length - lines.length).toLocaleString('en')} more`)
  return new StuckTaskError(
    `${messageOf(cancelError)}, but ${grace} ms later it has not ended. Still running:\n${lines.join('\n')}\n` +
      'A promise cannot be interrupted from outside: wait for it with s.wait(promise), pass s.signal to what made it, and ' +
      'call s.checkpoint() in long loops.' +
      (stuck.some(task => task.spawnedAt) ? '' : ' Run with SKEIN_DEBUG=1 to see where each task was spawned.'),
    { cause: cancelError },
  )
}

function describe(task: StuckTask): string {
  const seen =
    task.lastSeen === undefined
      ? 'it has never passed a checkpoint'
      : `it last passed a checkpoint ${Math.round(since(task.lastSeen))} ms ago`
  const waits = task.waitsFor.length > 0 ? `; it waits for ${task.waitsFor.join(', ')} to end elsewhere` : ''
  const where = userFrames(task.spawnedAt)
  return `${task.title}: ${seen}${waits}${where ? `; spawned\n${where}` : ''}`
}
