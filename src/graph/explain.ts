import { type Call, isCall } from '../call/call.ts'
import { weigh } from '../call/codec/weigh.ts'
import { chainFrom } from '../call/run/graph/fused.ts'
import type { GraphNode } from '../call/run/graph/node.ts'
import { planGraph } from '../call/run/graph/plan.ts'
import { describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'

/** So many ways of running calls as one, and so many shared nodes, are named. */
const named = 10

/** Several equal things, and how many they are. */
export interface Counted {
  /** The name of a task; for calls in a row, the names of theirs with ` > ` between them. */
  readonly name: string
  readonly count: number
}

/** The plan of a graph: see `explain`. */
export interface GraphExplanation {
  /** The number of calls and jobs, each once however often it appears. */
  readonly nodes: number
  /** The number of jobs among them, which run already. */
  readonly jobs: number
  /** The number of places in arguments that are the result of a node. */
  readonly edges: number
  /** The tasks by level, the first first: those of one level need only results of levels before it, and can run beside each other. */
  readonly levels: readonly (readonly Counted[])[]
  /** Calls in a row that go to a thread or a process as one: the kinds of such rows, the most frequent first. */
  readonly rows: readonly Counted[]
  /** Nodes whose result is used in more than one place, and by how many: those that most use first. */
  readonly shared: readonly Counted[]
  /** The edges that take a failure: those of `orElse` and `settle`. All others fail with their node. */
  readonly takesFailure: number
  /** About how many bytes the arguments take that are known now. Results come to that. */
  readonly bytes: number
  /** All that as text, for people. */
  toString(): string
}

/**
 * Says how a graph will run, without running it: how many nodes it has and on which levels, what runs as one, what is shared, which
 * edges take a failure, and how many bytes its arguments have.
 *
 * Use it to see why a graph is slower than expected: one long way of many levels has nothing to run beside each other, many calls of little work want `chunks`,
 * and arguments of many bytes `put` or `move`. The text is `String(explain(call))`. It is about threads and processes: on the loop nothing
 * travels, and a queue hands over each node by itself.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but a call, and for a call that is among its own arguments.
 *
 * @example
 * import { call, chain, explain, task } from 'skein'
 *
 * const load = task(import.meta, function load(path: string) { return path.length })
 * const half = task(import.meta, function half(n: number) { return n / 2 })
 * const total = task(import.meta, function total(ns: number[]) { return ns.reduce((a, b) => a + b, 0) })
 *
 * const plan = explain(call(total, ['a', 'bc'].map(path => chain(call(load, path), half))))
 * console.log(plan.nodes, plan.levels.length) // 5 3
 * console.log(plan.rows) // [ { name: 'load > half', count: 2 } ]
 */
export function explain(call: Call<unknown>): GraphExplanation {
  if (!isCall(call)) {
    throw new InvalidArgumentError(
      `explain needs a call, got ${describe(call)}. Make one of a task with call(task, …arguments).`,
    )
  }
  const nodes = planGraph(call)
  const edges = nodes.flatMap(({ users }) => users)
  const rows = rowsOf(nodes)
  // The plan is this one's alone, so its arguments may be changed: what is left in them is what is known.
  for (const edge of edges) edge.put(undefined)
  return new Explanation({
    nodes: nodes.length,
    jobs: nodes.filter(({ job }) => job !== undefined).length,
    edges: edges.length,
    levels: levelsOf(nodes),
    rows,
    shared: nodes
      .filter(({ users }) => users.length > 1)
      .map(({ name, users }) => ({ name, count: users.length }))
      .sort((a, b) => b.count - a.count),
    takesFailure: edges.filter(({ takesOutcome }) => takesOutcome).length,
    bytes: nodes.reduce((sum, { args = [] }) => args.reduce<number>((all, value) => all + weigh(value), sum), 0),
  })
}

function levelsOf(nodes: readonly GraphNode[]): Counted[][] {
  const levels: GraphNode[][] = []
  const levelOf = new Map<GraphNode, number>()
  for (const node of nodes.toReversed()) {
    const level = node.uses.reduce((most, used) => Math.max(most, 1 + (levelOf.get(used) as number)), 0)
    levelOf.set(node, level)
    const others = levels[level]
    if (others === undefined) levels[level] = [node]
    else others.push(node)
  }
  return levels.map(level => counted(level.map(({ name }) => name)))
}

function rowsOf(nodes: readonly GraphNode[]): Counted[] {
  const taken = new Set<GraphNode>()
  const rows: string[] = []
  for (const node of nodes.toReversed()) {
    if (taken.has(node)) continue
    const row = chainFrom(node)
    for (const each of row) taken.add(each)
    if (row.length > 1) rows.push(nameOf(row))
  }
  return counted(rows)
}

/** The names in a row; the same task several times running once, with how often. */
function nameOf(row: readonly GraphNode[]): string {
  const parts: { readonly name: string; times: number }[] = []
  for (const { name } of row) {
    const last = parts.at(-1)
    if (last?.name === name) last.times++
    else parts.push({ name, times: 1 })
  }
  return parts.map(({ name, times }) => (times === 1 ? name : `${times} x ${name}`)).join(' > ')
}

function counted(names: readonly string[]): Counted[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Array.from(counts, ([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count)
}

type Facts = Omit<GraphExplanation, 'toString'>

class Explanation implements GraphExplanation {
  declare readonly nodes: number
  declare readonly jobs: number
  declare readonly edges: number
  declare readonly levels: readonly (readonly Counted[])[]
  declare readonly rows: readonly Counted[]
  declare readonly shared: readonly Counted[]
  declare readonly takesFailure: number
  declare readonly bytes: number

  constructor(facts: Facts) {
    Object.assign(this, facts)
  }

  toString(): string {
    const { nodes, jobs, edges, levels, rows, shared, takesFailure, bytes } = this
    const widest = levels.reduce((most, level) => Math.max(most, total(level)), 0)
    const lines = [
      `${many(nodes, 'node')}${jobs > 0 ? ` (${many(jobs, 'job')})` : ''}, ${many(edges, 'edge')}, ${many(levels.length, 'level')}, ` +
        `at most ${widest} side by side`,
      ...linesOf(levels),
    ]
    if (rows.length > 0)
      lines.push('run as one, in a worker:', ...list(rows, ({ name, count }) => `${count} x (${name})`))
    if (shared.length > 0)
      lines.push('shared:', ...list(shared, ({ name, count }) => `${name}, used in ${count} places`))
    lines.push(
      `failures: ${takesFailure === 0 ? 'the first fails the graph' : `${many(takesFailure, 'edge')} of orElse or settle; any other fails the graph`}`,
      `arguments: about ${shownBytes(bytes)}, and the results`,
    )
    return lines.join('\n')
  }
}

/** Levels of the same tasks one after the other are one line. */
function linesOf(levels: readonly (readonly Counted[])[]): string[] {
  const lines: { readonly from: number; to: number; readonly text: string }[] = []
  for (const [i, level] of levels.entries()) {
    const text = level
      .slice(0, named)
      .map(({ name, count }) => `${count} x ${name}`)
      .join(', ')
    const shown = level.length > named ? `${text}, and ${level.length - named} other tasks` : text
    const last = lines.at(-1)
    if (last?.text === shown) last.to = i
    else lines.push({ from: i, to: i, text: shown })
  }
  const all = lines.map(
    ({ from, to, text }) => `  ${from === to ? `level ${from + 1}` : `levels ${from + 1} to ${to + 1}, each`}: ${text}`,
  )
  return all.length > 2 * named
    ? [...all.slice(0, named), `  … (${all.length - 2 * named} more)`, ...all.slice(-named)]
    : all
}

function list(some: readonly Counted[], text: (each: Counted) => string): string[] {
  const shown = some.slice(0, named).map(each => `  ${text(each)}`)
  return some.length > named ? [...shown, `  … (${some.length - named} more)`] : shown
}

function total(some: readonly Counted[]): number {
  return some.reduce((sum, { count }) => sum + count, 0)
}

function many(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function shownBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
