import { since } from '../time/clock.ts'
import { StuckTaskError } from '../errors/errors.ts'
import { messageOf } from '../errors/foreign.ts'
import type { ScopeNode } from '../tree/member.ts'
import type { StuckTask } from './find-stuck.ts'
import { userFrames } from './place.ts'

/** So many are named; a warning of a million lines would be read by nobody. */
const longestList = 20

/** So many scopes are named for which it may be waiting; of more the right one cannot be told. */
const mostOrphans = 3

/**
 * The warning about work that does not end although it was cancelled.
 *
 * @param orphans the scopes that run beside it, are part of no other and have not been cancelled
 */
export function describeStuck(
  cancelError: unknown,
  grace: number,
  stuck: readonly StuckTask[],
  orphans: readonly ScopeNode[] = [],
): StuckTaskError {
  const lines = stuck.slice(0, longestList).map(task => `  - ${describe(task)}`)
  if (stuck.length > lines.length) lines.push(`  - and ${(stuck.length - lines.length).toLocaleString('en')} more`)
  return new StuckTaskError(
    `${messageOf(cancelError)}, but ${grace} ms later it has not ended. Still running:\n${lines.join('\n')}\n` +
      (orphans.length > 0 && orphans.length <= mostOrphans ? describeOrphans(orphans) : '') +
      'A promise cannot be interrupted from outside: wait for it with s.wait(promise), pass s.signal to what made it, and ' +
      'call s.checkpoint() in long loops.' +
      (stuck.some(task => task.spawnedAt) ? '' : ' Run with SKEIN_DEBUG=1 to see where each task was spawned.'),
    { cause: cancelError },
  )
}

function describeOrphans(orphans: readonly ScopeNode[]): string {
  const [them, it, runs] = orphans.length === 1 ? ['it', 'It', 'runs'] : ['one of them', 'They', 'run']
  return (
    `Beside it ${runs} ${orphans.map(orphan => orphan.title).join(', ')}. ${it} ${runs === 'runs' ? 'is' : 'are'} part of no other ` +
    `scope, and so not cancelled: if it waits for ${them}, write s.scope(…) in place of scope(…), which after an await no longer knows ` +
    'in which scope it is.\n'
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
