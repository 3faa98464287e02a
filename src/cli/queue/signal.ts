import { needCounters } from '../../stores/roles/need.ts'
import type { Arguments, CommandBody } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { findId } from './find-id.ts'
import { storeOption, withStore } from './store-option.ts'
import { short } from './words.ts'

/** `skein signal`: sends a job a signal. */
export const signalCommand: CommandBody = {
  usage: ['skein signal ID NAME [JSON] [--store URL]'],
  examples: [
    [`skein signal 01a1fcfc-43b9-71e6-8b70-c4fcb5379c52 approval '{"ok":true}'`, 'what signalStep returns in its task'],
    ['skein signal 01a1fcfc-43b9-71e6-8b70-c4fcb5379c52 go', 'a signal that says no more than that'],
  ],
  about: [
    'A signal may come before the job waits for it, and is kept with the job; the first one of a name counts. skein jobs shows what each job waits for.',
  ],
  options: storeOption,
  run: runSignal,
}

async function runSignal(args: Arguments, output: Output): Promise<number> {
  const [word, name, value = 'null', ...rest] = args.positionals
  if (word === undefined || name === undefined || name === '' || rest.length > 0) {
    throw new UsageError(
      `skein signal takes the id of a job, the name of the signal and at most one value, got ${args.positionals.length} words: ` +
        `skein signal ID approval '{"ok":true}'`,
      'signal',
    )
  }
  checkJson(value)
  return withStore(args, `skein signal ${word} ${name}`, async store => {
    const id = await findId(store, word, 'signal')
    const outcome = await needCounters(store).signal(id, name, value)
    const kind = typeof outcome === 'string' ? outcome : 'refused'
    if (args.has('json')) await output.json(JSON.stringify({ id, signal: name, outcome: kind }))
    else
      await output.lines([
        `${words[kind]}${typeof outcome === 'string' ? '' : `: ${outcome.refused}`} ${output.style.dim(id)}`,
      ])
    return kind === 'kept' ? exitCodes.fine : exitCodes.someFailed
  })
}

const words = {
  kept: 'The signal is kept for the job.',
  ended: 'The job had ended already: nothing was kept.',
  gone: 'The job is unknown to the store.',
  refused: 'The store refused the signal',
}

function checkJson(text: string): void {
  try {
    JSON.parse(text)
  } catch {
    throw new UsageError(
      `The value of a signal must be JSON, got ${short(text, 60)}. A string goes in double quotes: '"${short(text, 30).replaceAll('"', '')}"'`,
      'signal',
    )
  }
}
