import { checkKnown, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { Arrived, type NewMemory } from './handle.ts'

/** Options that everything in shared memory takes. */
export interface SharedOptions {
  /** Its name in errors and warnings, in every thread. Default: none. */
  readonly name?: string
}

const named: ReadonlySet<string> = new Set(['name'])

/** Checks the options of something new, and says how much memory it needs; or hands through what has arrived. */
export function given(
  options: SharedOptions | Arrived,
  title: string,
  words: number,
  known: ReadonlySet<string> = named,
): Arrived | NewMemory {
  if (options instanceof Arrived) return options
  checkKnown(options, known, `option of a shared ${title}`)
  const { name } = options
  if (name !== undefined && typeof name !== 'string') {
    throw new InvalidArgumentError(`name must be a string, got ${describe(name)}`)
  }
  return { words, name }
}
