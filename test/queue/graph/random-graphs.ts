import fc from 'fast-check'
import { type Call, call, type Executor, group, orElse, settle } from 'skein'
import { node } from './random-tasks.ts'

/** A node of a random graph: the nodes before it that it uses, how, and how often it fails. */
export interface Step {
  readonly uses: readonly number[]
  readonly as: 'arguments' | 'list' | 'orElse' | 'settle'
  readonly failures: number
}

export const step: fc.Arbitrary<Step> = fc.record({
  uses: fc.array(fc.nat({ max: 50 }), { maxLength: 4 }),
  as: fc.constantFrom('arguments', 'arguments', 'list', 'orElse', 'settle'),
  failures: fc.constantFrom(0, 0, 0, 0, 1, 2, Infinity),
})

/**
 * The graph: its last node needs all those that no other one does.
 *
 * @param name how the names of its nodes begin
 */
export function build(steps: readonly Step[], name: string = 'n'): Call<unknown> {
  const nodes: Call<unknown>[] = []
  const used = new Set<Call<unknown>>()
  for (const [at, { uses, as, failures }] of steps.entries()) {
    const parts = nodes.length === 0 ? [] : uses.map(use => nodes[use % nodes.length] as Call<unknown>)
    for (const part of parts) used.add(part)
    const given: unknown[] = as === 'orElse' ? parts.map(part => orElse(part, 'else')) : parts
    const args = as === 'list' ? [given, { of: parts }] : as === 'settle' ? parts.map(part => settled(part)) : given
    nodes.push(call(node, `${name}${at}`, failures, ...args).with({ retries: { times: 2, backoff: 0, jitter: 0 } }))
  }
  return group(nodes.filter(each => !used.has(each)))
}

/** How a call has ended, without its error: the same whichever of several that have failed came first. */
function settled(part: Call<unknown>): Call<unknown> {
  return call(node, 'settled', 0, orElse(settle(part), 'never'), orElse(part, 'failed'))
}

export async function outcomeOf(executor: Executor, graph: Call<unknown>): Promise<unknown> {
  try {
    return { done: await executor.run(graph) }
  } catch (error) {
    return { failed: (error as Error).message }
  }
}
