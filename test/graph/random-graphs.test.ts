import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { type Call, call, type Executor, group, loop, orElse, settle } from 'skein'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'
import { combine, combineAfterDeath, combineInTheEnd, handOn, refuse } from './tasks/random.ts'

/** A node of a random graph: it uses some of those before it, in one of several forms. */
interface Step {
  readonly uses: readonly number[]
  readonly form: 'arguments' | 'array' | 'object' | 'orElse' | 'settle' | 'group'
  readonly how: 'done' | 'later' | 'by another call' | 'fails'
}

const step: fc.Arbitrary<Step> = fc.record({
  uses: fc.array(fc.nat({ max: 1_000 }), { maxLength: 4 }),
  form: fc.constantFrom('arguments', 'array', 'array', 'object', 'orElse', 'settle', 'group'),
  how: fc.constantFrom('done', 'done', 'done', 'later', 'by another call', 'fails'),
})

interface Graph {
  readonly steps: readonly Step[]
  readonly end: 'last' | 'outcomes'
}

const graph: fc.Arbitrary<Graph> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 30 }),
  end: fc.constantFrom('last', 'outcomes'),
})

interface Made {
  readonly node: Call<unknown>
  /** What it comes to, worked out by hand. */
  readonly outcome: PromiseSettledResult<unknown>
}

/**
 * Builds the nodes, and beside each its outcome. Where several parts fail any of their errors may be the one: all have the same.
 * The graph ends in its last node, or in the outcomes of all that no other uses, so that it goes on where branches have failed.
 */
function build({ steps, end }: Graph, later = combineInTheEnd): Made {
  const used = new Set<Made>()
  const made: Made[] = []
  for (const { uses, form, how } of steps) {
    const parts = made.length === 0 ? [] : uses.map(use => made[use % made.length] as Made)
    const one = form === 'orElse' || form === 'settle'
    for (const part of one ? parts.slice(0, 1) : parts) used.add(part)
    made.push(nodeOf(made.length, parts, form, how, later))
  }
  if (end === 'last') return made.at(-1) as Made
  const ends = made.filter(each => !used.has(each))
  const outcome = { status: 'fulfilled', value: ends.map(each => each.outcome) } as const
  return { node: group(ends.map(({ node }) => settle(node))), outcome }
}

const refused: PromiseRejectedResult = { status: 'rejected', reason: 'refused' }

function nodeOf(
  at: number,
  parts: readonly Made[],
  form: Step['form'],
  how: Step['how'],
  later: typeof combineInTheEnd,
): Made {
  const nodes = parts.map(({ node }) => node)
  const isBroken = parts.some(({ outcome }) => outcome.status === 'rejected')
  const values = parts.map(({ outcome }) => (outcome.status === 'fulfilled' ? outcome.value : undefined))
  const [first] = parts
  const done = (args: readonly unknown[]): PromiseSettledResult<unknown> =>
    how === 'fails' ? refused : { status: 'fulfilled', value: combine(at, ...args) }
  const make = (...args: readonly never[]): Call<unknown> => {
    switch (how) {
      case 'done':
        return call(combine, at, ...args)
      case 'later':
        return call(later, at, ...args).with({ retries: { times: 1, backoff: 1 } })
      case 'by another call':
        return call(handOn, at, ...args)
      case 'fails':
        return call(refuse, at, ...args)
    }
  }
  if (first !== undefined && form === 'orElse') {
    const value = first.outcome.status === 'fulfilled' ? first.outcome.value : 'else'
    return { node: make(orElse(first.node, 'else') as never), outcome: done([value]) }
  }
  if (first !== undefined && form === 'settle')
    return { node: make(settle(first.node) as never), outcome: done([first.outcome]) }
  const args = form === 'arguments' ? nodes : form === 'object' ? [{ deep: [nodes] }] : [nodes]
  const got = form === 'arguments' ? values : form === 'object' ? [{ deep: [values] }] : [values]
  return { node: make(...(args as never[])), outcome: isBroken ? refused : done(got) }
}

async function outcomeOf(executor: Executor, node: Call<unknown>): Promise<PromiseSettledResult<unknown>> {
  try {
    return { status: 'fulfilled', value: await executor.run(node) }
  } catch (error) {
    return { status: 'rejected', reason: (error as Error).message }
  }
}

/** An outcome inside of a value has the error itself as its reason. */
function withMessages(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, each: unknown) => (each instanceof Error ? each.message : each)))
}

describe('random graphs come to what working them out by hand comes to', () => {
  const pool = threads({ workers: 2 })
  const crowd = processes({ workers: 2 })
  after(async () => {
    await pool.close()
    await crowd.close()
  })
  const places: readonly (readonly [string, Executor, number])[] = [
    ['on the loop', loop, 300],
    ['on a loop of one place', loop({ concurrency: 1 }), 100],
    ['on threads', pool, 100],
    ['on processes', crowd, 60],
  ]
  for (const [where, executor, numRuns] of places) {
    test(where, async () => {
      await fc.assert(
        fc.asyncProperty(graph, async random => {
          const { node, outcome } = build(random)
          const found = await outcomeOf(executor, node)
          assert.deepEqual(withMessages(found), withMessages(outcome))
        }),
        { numRuns },
      )
    })
  }

  for (const [where, executor] of places.slice(2)) {
    test(`${where} that die under some of their calls`, async () => {
      await fc.assert(
        fc.asyncProperty(graph, async random => {
          const { node, outcome } = build(random, combineAfterDeath)
          assert.deepEqual(withMessages(await outcomeOf(executor, node)), withMessages(outcome))
        }),
        { numRuns: 12 },
      )
    })
  }
})
