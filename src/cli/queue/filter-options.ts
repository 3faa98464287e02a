import { nearest } from '../../core/errors/nearest.ts'
import type { StoredState } from '../../stores/roles/calls.ts'
import { jobStates } from '../../inspect/states.ts'
import type { JobFilter } from '../../stores/roles/inspector.ts'
import type { Arguments, OptionSpec } from '../command.ts'
import { UsageError } from '../exit-codes.ts'
import { queueName } from './queue-names.ts'

/** The options that say which jobs a command is about. */
export const filterOptions: Readonly<Record<'state' | 'queue' | 'task' | 'tag', OptionSpec>> = {
  state: { value: 'STATES', help: `only jobs in these states: ${jobStates.join(', ')}; several with commas` },
  queue: { value: 'NAME', help: 'only jobs of this queue' },
  task: { value: 'NAME', help: 'only jobs of this task, as in mail.send' },
  tag: { value: 'WORD', help: 'only jobs with this tag' },
}

/** The filter that the options describe; empty when none of them is given. */
export function filterOf(args: Arguments): JobFilter {
  const queue = args.text('queue')
  const task = args.text('task')
  const tag = args.text('tag')
  const chosen = statesOf(args)
  return {
    ...(chosen === undefined ? {} : { states: chosen }),
    ...(queue === undefined ? {} : { queue: queueName(queue, args.command) }),
    ...(task === undefined ? {} : { task }),
    ...(tag === undefined ? {} : { tag }),
  }
}

function statesOf(args: Arguments): StoredState[] | undefined {
  const text = args.text('state')
  if (text === undefined) return undefined
  return text.split(',').map(part => {
    const word = part.trim()
    const state = jobStates.find(each => each === word)
    if (state) return state
    const near = nearest(word, jobStates)
    throw new UsageError(
      `There is no state '${word}'.${near ? ` Did you mean ${near}?` : ''} The states are: ${jobStates.join(', ')}`,
      args.command,
    )
  })
}
