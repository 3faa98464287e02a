import type { Arguments } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { plural } from '../ui/amount.ts'
import { styleOf } from '../ui/style.ts'

/**
 * Says what became of many jobs: with --json one line each, else one line for each outcome, with the ids where they are few.
 *
 * @param words what each outcome means, for people; those in `bad` make the exit code 1
 */
export function reportOutcomes<T extends string>(
  args: Arguments,
  outcomes: readonly { readonly id: string; readonly outcome: T }[],
  words: Readonly<Record<T, string>>,
  bad: ReadonlySet<T>,
): number {
  const { stdout } = process
  if (args.has('json')) {
    for (const each of outcomes) stdout.write(`${JSON.stringify(each)}\n`)
  } else if (outcomes.length === 0) {
    stdout.write('No job is like that.\n')
  } else {
    const style = styleOf(stdout)
    const groups = new Map<T, string[]>()
    for (const { id, outcome } of outcomes) groups.set(outcome, [...(groups.get(outcome) ?? []), id])
    for (const [outcome, ids] of groups) {
      const few = ids.length <= 3 ? ` ${style.dim(ids.join(' '))}` : ''
      stdout.write(`${plural(ids.length, 'job')} ${words[outcome]}${few}\n`)
    }
  }
  return outcomes.some(each => bad.has(each.outcome)) ? exitCodes.someFailed : exitCodes.fine
}
