import { checkKnown, describe } from '../errors/checks.ts'
import { InvalidArgumentError } from '../errors/errors.ts'

/** Options that every primitive takes. */
export interface NameOptions {
  /** Its name in errors, stats and dumps. Default: none. */
  readonly name?: string
}

const named: ReadonlySet<string> = new Set(['name'])

/** Checks the options of a primitive and returns its title: `lock 'db'`, or `lock` without a name. */
export function titleOf(kind: string, options: NameOptions, known: ReadonlySet<string> = named): string {
  if (typeof options === 'number' && known.has('capacity')) {
    throw new InvalidArgumentError(
      `Expected an object with options of a ${kind}, got the number ${String(options)}. For a capacity write ` +
        `{ capacity: ${String(options)} }, as in ${kind === 'queue' ? 'new Queue' : kind}({ capacity: ${String(options)} })`,
    )
  }
  checkKnown(options, known, `option of a ${kind}`)
  const { name } = options
  if (name === undefined) return kind
  if (typeof name === 'string') return `${kind} '${name}'`
  throw new InvalidArgumentError(`name must be a string, got ${describe(name)}`)
}
