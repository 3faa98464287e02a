import type { TaskIdentity } from '../../define/identity.ts'
import { isOwn } from '../../define/own-tasks.ts'
import type { CallSettings } from '../../options.ts'
import type { GraphNode } from './node.ts'

/**
 * A chain of calls that travels to a worker and runs there as one entry, of kind `chain`: where each has nothing but the result of the
 * one before it, a way back and forth between them would only take time.
 */

/** So many calls at most: a chain keeps its worker to itself, and its end is heard of only when all of it is there. */
const longest = 128

/**
 * The nodes that can run as one with a node that is ready: those behind it of which each waits for the one before it alone, and for
 * which nothing special was asked. Only the node itself, if there are none.
 */
export function chainFrom(head: GraphNode): readonly [GraphNode, ...GraphNode[]] {
  const nodes: [GraphNode, ...GraphNode[]] = [head]
  if (head.work === undefined || !isPlain(head)) return nodes
  for (let last = head; nodes.length < longest;) {
    const [edge, another] = last.users
    if (edge === undefined || another !== undefined || edge.takesOutcome) break
    const { user } = edge
    const at = edge.argument
    if (at === undefined || user.missing !== 1 || user.state !== 'waiting' || !isPlain(user)) break
    if (!user.args?.every((value, i) => i === at || isPrimitive(value))) break
    nodes.push(user)
    last = user
  }
  return nodes
}

function isPlain({ work }: GraphNode): boolean {
  return work !== undefined && work.moved === undefined && !isOwn(work.task) && isEmpty(work.options)
}

function isEmpty(options: CallSettings): boolean {
  for (const _ in options) return false
  return true
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
}

/** A chain as its worker reads it. */
export interface Chain {
  /** The arguments of the first call. */
  readonly head: readonly unknown[]
  readonly length: number
  /** The task of a call, by its place in the chain, from 1. */
  taskOf(at: number): TaskIdentity
  /** The arguments of that call, with the result of the one before it among them. */
  argumentsOf(at: number, result: unknown): unknown[]
}

/**
 * The arguments of an entry that is a chain: those of the first call, then the tasks (URL and name), for each other call the number
 * of its task, the place of the result and its arguments, and in the end how many of each there are. All in one list, which is cheap to send.
 */
export function chainArguments(nodes: readonly GraphNode[]): readonly unknown[] {
  const [first, ...others] = nodes
  const head = first?.args ?? []
  const tasks = new Map<TaskIdentity, number>()
  const calls: unknown[] = []
  for (const [i, { work, args = [] }] of others.entries()) {
    const { task } = work as NonNullable<typeof work>
    let number = tasks.get(task)
    if (number === undefined) tasks.set(task, (number = tasks.size))
    const at = (nodes[i] as GraphNode).users[0]?.argument ?? 0
    calls.push(number, at, args.length)
    for (let k = 0; k < args.length; k++) calls.push(k === at ? undefined : args[k])
  }
  const names = Array.from(tasks.keys(), ({ url, name }) => [url, name]).flat()
  return [...head, ...names, ...calls, head.length, tasks.size, nodes.length]
}

export function readChain(list: readonly unknown[]): Chain {
  const [heads, tasks, length] = list.slice(-3) as [number, number, number]
  const starts: number[] = []
  for (let at = heads + 2 * tasks, i = 1; i < length; i++) {
    starts.push(at)
    at += 3 + (list[at + 2] as number)
  }
  const startOf = (at: number): number => starts[at - 1] as number
  return {
    head: list.slice(0, heads),
    length,
    taskOf: at => {
      const name = heads + 2 * (list[startOf(at)] as number)
      return { url: list[name] as string, name: list[name + 1] as string }
    },
    argumentsOf: (at, result) => {
      const start = startOf(at)
      const args = list.slice(start + 3, start + 3 + (list[start + 2] as number))
      args[list[start + 1] as number] = result
      return args
    },
  }
}
