import { inspecting } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import type { Arguments, CommandBody } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { queueNames } from './queue-names.ts'
import { storeOption, withStore } from './store-option.ts'

/** `skein pause`: lets no more jobs of a queue start. */
export const pauseCommand: CommandBody = {
  usage: ['skein pause QUEUE... [--store URL]'],
  examples: [
    ['skein pause mail', 'what runs goes on; what waits, waits'],
    ['skein pause mail reports', 'two queues'],
  ],
  about: ['Jobs can still be submitted to a paused queue. It stays paused, over restarts too, until skein resume.'],
  options: storeOption,
  run: (args, output) =>
    forQueues(args, output, 'pause', 'is paused.', (store, queue) => inspecting(store, 'pause').pause(queue)),
}

/** `skein resume`: lets the jobs of a queue start again. */
export const resumeCommand: CommandBody = {
  usage: ['skein resume QUEUE... [--store URL]'],
  examples: [['skein resume mail', 'workers go on with it at once']],
  about: ['The opposite of skein pause.'],
  options: storeOption,
  run: (args, output) =>
    forQueues(args, output, 'resume', 'goes on.', (store, queue) => inspecting(store, 'resume').resume(queue)),
}

async function forQueues(
  args: Arguments,
  output: Output,
  verb: string,
  became: string,
  act: (store: Store, queue: string) => Promise<void>,
): Promise<number> {
  if (args.positionals.length === 0) {
    throw new UsageError(`Say which queue: skein ${verb} QUEUE. skein stats lists them.`, verb)
  }
  const queues = queueNames(args.positionals, verb)
  return withStore(args, `skein ${verb} QUEUE`, async store => {
    const seen = new Set((await inspecting(store, 'stats').stats()).queues.map(each => each.queue))
    for (const queue of queues) {
      await act(store, queue)
      const isNew = !seen.has(queue)
      const about = isNew ? ' It is not known here yet: no job has been submitted to it. Is the name right?' : ''
      if (args.has('json')) await output.json(JSON.stringify({ queue, [`${verb}d`]: true, known: !isNew }))
      else await output.lines([`Queue ${queue} ${became}${about}`])
    }
    return exitCodes.fine
  })
}
