import { brandOf } from '../../../core/brand.ts'
import { InvalidArgumentError } from '../../../core/errors/errors.ts'
import type { Job } from '../../../core/job/job.ts'
import { type Call, isCall } from '../../call.ts'
import { copyPlain } from '../../codec/copy-plain.ts'
import { takesOutcome } from '../../define/own-tasks.ts'
import type { Work } from '../entry.ts'
import { GraphEdge, GraphNode } from './node.ts'
import { hasNested } from './nested.ts'

/** A graph, ready to run: its nodes in an order in which each comes after those that use its result. The first is the outermost call. */
export type GraphPlan = readonly [GraphNode, ...GraphNode[]]

/**
 * Looks through a call and all that is nested in it, each once: in time and memory that grow with the number of nodes and edges, and
 * without recursion, since graphs may be deeper than the stack.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a call that is among its own arguments.
 *
 * @param depth the depth of the outermost call, where that takes the place of another
 */
export function planGraph(root: Work, depth = 0): GraphPlan {
  const known = new Map<object, GraphNode>()
  const nodeOf = (part: object): GraphNode => {
    let node = known.get(part)
    if (node === undefined) {
      const isWork = part === root || isCall(part)
      node = new GraphNode(isWork ? (part as Work) : undefined, isWork ? undefined : (part as Job<unknown>))
      known.set(part, node)
    }
    return node
  }
  const connect: Connect = (user, part, place, at) => {
    const node = nodeOf(part)
    const takes = user.uses.length === 0 && part === user.work?.args[0] && takesOutcome(user.work.task)
    user.use(node, new GraphEdge(user, takes, place, at))
  }

  const finished: GraphNode[] = []
  /** The way from the outermost call to the node that is being looked at, with the number of edges that were followed from each. */
  const way: { readonly node: GraphNode; followed: number }[] = []
  const open = (node: GraphNode): void => {
    link(node, connect)
    way.push({ node, followed: 0 })
    node.search = 'open'
  }
  open(nodeOf(root))
  for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
    const { node } = last
    const next = node.uses[last.followed++]
    if (next === undefined) {
      way.pop()
      node.search = 'over'
      finished.push(node)
    } else if (next.search === 'new') open(next)
    else if (next.search === 'open') {
      throw circular(
        way.map(step => step.node),
        next,
      )
    }
  }
  const order = finished.reverse() as [GraphNode, ...GraphNode[]]
  order[0].depth = depth
  for (const node of order) for (const each of node.uses) each.depth = Math.max(each.depth, node.depth + 1)
  return order
}

type Place = unknown[] | ((value: unknown) => void)
type Connect = (user: GraphNode, part: object, place: Place, at: number | string) => void

/**
 * Finds the calls and jobs among the arguments of a node, and makes a copy of the arguments in which their results will be put.
 *
 * Almost always they are arguments themselves, or the elements of one array. All else is left to a thorough copy.
 */
function link(node: GraphNode, connect: Connect): void {
  const { work } = node
  if (work === undefined) return
  const { args } = work
  let inside: readonly unknown[] | undefined
  let isNested = false
  for (let at = 0; at < args.length; at++) {
    const value = args[at]
    if (typeof value !== 'object' || value === null) continue
    if (isPart(value)) {
      isNested = true
    } else {
      if (inside !== undefined || !isListOfParts(value)) return linkThoroughly(node, work, connect)
      inside = value
    }
  }
  if (!isNested && inside === undefined) return
  const copy = [...args]
  node.args = copy
  for (let at = 0; at < copy.length; at++) {
    const value = copy[at]
    if (typeof value !== 'object' || value === null) continue
    if (value !== inside) {
      connect(node, value, copy, at)
      continue
    }
    const list = [...inside]
    copy[at] = list
    for (let i = 0; i < list.length; i++) {
      const part = list[i]
      if (typeof part === 'object' && part !== null) connect(node, part, list, i)
    }
  }
}

function linkThoroughly(node: GraphNode, { args }: Work, connect: Connect): void {
  if (!hasNested(args)) return
  const found: { readonly part: object; readonly put: (value: unknown) => void; readonly path: string }[] = []
  node.args = copyPlain(args, (part, put, path) => {
    if (!isPart(part)) return false
    found.push({ part, put, path: path() })
    return true
  })
  for (const { part, put, path } of found) connect(node, part, put, path)
}

function isPart(value: object): value is Call<unknown> | Job<unknown> {
  const name = brandOf(value)
  return name === 'Call' || name === 'Job'
}

/** True for an array in which all objects are calls and jobs. */
function isListOfParts(value: object): value is readonly unknown[] {
  if (!Array.isArray(value)) return false
  for (let at = 0; at < value.length; at++) {
    const element: unknown = value[at]
    if (typeof element === 'object' && element !== null ? !isPart(element) : element === undefined && !(at in value))
      return false
  }
  return Object.keys(value).length === value.length
}

function circular(way: readonly GraphNode[], again: GraphNode): Error {
  const circle = way.slice(way.indexOf(again)).map(({ name }) => name)
  const shown =
    circle.length > 8 ? [...circle.slice(0, 4), `… ${circle.length - 6} more …`, ...circle.slice(-2)] : circle
  return new InvalidArgumentError(
    `A call is among its own arguments: ${[...shown, again.name].join(' > ')}. No node of such a graph could ever begin. ` +
      `Arguments that were put into an array or object after call(…) had been called are the usual reason.`,
  )
}
