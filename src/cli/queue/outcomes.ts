import type { Outcomes } from '../../inspect/many.ts'
import type { Arguments } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { plural } from '../ui/amount.ts'

/**
 * Says what became of jobs: with --json one line each as it comes, else one line for each outcome at the end, with the ids where
 * they are few.
 *
 * @param words what each outcome means, for people; those in `bad` make the exit code 1
 */
export async function reportOutcomes<T extends string>(
  args: Arguments,
  output: Output,
  outcomes: AsyncIterable<Outcomes<T>>,
  words: Readonly<Record<T, string>>,
  bad: ReadonlySet<T>,
): Promise<number> {
  const groups = new Map<T, { count: number; readonly first: string[] }>()
  for await (const batch of outcomes) {
    for (const { id, outcome } of batch) {
      let group = groups.get(outcome)
      if (group === undefined) groups.set(outcome, (group = { count: 0, first: [] }))
      if (++group.count <= few) group.first.push(id)
      if (args.has('json')) await output.json(JSON.stringify({ id, outcome }))
    }
  }
  if (!args.has('json')) {
    const lines = [...groups].map(([outcome, { count, first }]) => {
      const ids = count <= few ? ` ${output.style.dim(first.join(' '))}` : ''
      return `${plural(count, 'job')} ${words[outcome]}${ids}`
    })
    await output.lines(lines.length === 0 ? ['No job matches.'] : lines)
  }
  return [...groups.keys()].some(each => bad.has(each)) ? exitCodes.someFailed : exitCodes.fine
}

/** The number of ids on one line. */
const few = 3
