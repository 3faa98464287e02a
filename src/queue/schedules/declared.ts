import { checkKnown, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { isCall } from '../../call/call.ts'
import type { Schedules } from '../../stores/roles/schedules.ts'
import { checkScheduleName, definitionOf, type ScheduleDeclaration, scheduleOptionNames } from './definition.ts'
import { putSchedule } from './put.ts'
import { readSchedule } from './stored.ts'
import { storedCall } from './term-call.ts'

const known: ReadonlySet<string> = new Set(['name', 'rule', 'call', ...scheduleOptionNames])

/**
 * Makes what a program declares at its start to be what the store has: new schedules are made, changed ones changed. Those that were
 * declared once and are not any more stay as they are.
 *
 * **Errors**: as `queue.schedule`; nothing is written where one of the declarations is wrong.
 *
 * @param queue the queue of calls that name none
 * @param knows says whether the program knows a task: schedules of other tasks are declared by other programs
 * @returns the names of those that are not declared any more
 */
export async function declareSchedules(
  schedules: Schedules,
  declarations: readonly ScheduleDeclaration[],
  queue: string,
  knows: (task: string) => boolean,
): Promise<string[]> {
  const definitions = new Map<string, ReturnType<typeof definitionOf>>()
  for (const declaration of declarations) {
    checkKnown(declaration, known, 'part of a declared schedule')
    const { name, rule, call, ...options } = declaration
    checkScheduleName(name)
    if (!isCall(call)) {
      throw new InvalidArgumentError(
        `The call of schedule ${name} must be a Call, as in call(report), got ${describe(call)}`,
      )
    }
    if (definitions.has(name)) {
      throw new InvalidArgumentError(`Schedule ${name} is declared twice. Give each a name of its own.`)
    }
    definitions.set(name, { ...definitionOf(rule, await storedCall(call, queue), options), declared: true })
  }
  for (const [name, definition] of definitions) await putSchedule(schedules, name, definition)
  const gone: string[] = []
  for await (const { name, definition } of allDeclared(schedules)) {
    if (!definitions.has(name) && knows(definition.call.task)) gone.push(name)
  }
  return gone
}

async function* allDeclared(
  schedules: Schedules,
): AsyncGenerator<{ readonly name: string } & ReturnType<typeof readSchedule>> {
  let after = ''
  for (let page = await schedules.list(); page.length > 0; page = await schedules.list(after)) {
    for (const each of page) {
      after = each.name
      try {
        const read = readSchedule(each)
        if (read.definition.declared) yield { name: each.name, ...read }
      } catch {
        // Of one that cannot be read it is not known who has declared it.
      }
    }
  }
}
