import { checkQueueName } from '../../call/queue-options.ts'
import { UsageError } from '../exit-codes.ts'

/** The names of queues on a command line: as words, with commas, or both. */
export function queueNames(words: readonly string[], command: string): string[] {
  const names = words.flatMap(word => word.split(',')).map(name => name.trim())
  return [...new Set(names.map(name => queueName(name, command)))]
}

/** One name of a queue; a name that no queue can have is a mistake. */
export function queueName(name: string, command: string): string {
  try {
    checkQueueName(name)
  } catch (error) {
    throw new UsageError((error as Error).message, command)
  }
  return name
}
