import { checkCalls, checkCount, checkList, checkReason, checkString, checkText, refuse } from './check.ts'
import type { Lacking } from './roles/need.ts'
import type { ScheduleChange } from './roles/schedules.ts'

/** The first and the last moment that a Date can be. */
const longestDate = 8.64e15

/** Refuses changes of schedules that say nothing, and returns the others. @param store as in `checkCalls` */
export function checkScheduleChanges(changes: readonly ScheduleChange[], store?: Lacking): readonly ScheduleChange[] {
  checkList(changes, 'changes')
  for (const { name, version, to, terms = [] } of changes) {
    checkText(name, 'The name of a schedule')
    const of = `of schedule ${name}`
    checkCount(version, `The version ${of}`, 0)
    if (to !== undefined) {
      checkString(to.definition, `The definition ${of}`)
      checkString(to.progress, `The progress ${of}`)
      if (to.dueAt !== undefined && !(Math.abs(to.dueAt) <= longestDate)) {
        refuse(`The time at which it is due ${of}`, 'milliseconds since the Unix epoch', to.dueAt)
      }
    } else if (version === 0) refuse(`What is to become ${of}`, 'a state, since it is not there yet', to)
    checkList(terms, `terms ${of}`)
    checkCalls(
      terms.map(({ call }) => call),
      store,
    )
    for (const { call, behind, cancel } of terms) {
      if (behind !== undefined) checkText(behind, `The call that call ${call.id} is behind`)
      if (behind !== undefined && call.after !== undefined)
        refuse(`after of call ${call.id}`, 'absent beside behind', call.after)
      if (cancel !== undefined) checkReason(cancel)
    }
  }
  return changes
}

/** Refuses to ask for schedules in a way that makes no sense. */
export function checkDue(most: number): void {
  checkCount(most, 'The most schedules that are due')
}
