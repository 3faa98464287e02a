import { noteBelow } from '../../codec/stack-note.ts'
import type { GraphEdge, GraphNode } from './node.ts'

const paths: WeakMap<object, string> = /* @__PURE__ */ new WeakMap()

/**
 * The node of a graph that failed with an error, as the way to it from the outermost call: names of tasks, and places in their
 * arguments. Undefined for an error that no node of a graph has failed with.
 *
 * The same text is in the `stack` of the error. It ends at the node that failed: `total > arguments[0][3] parse > arguments[0] fetchPage`
 * is a `fetchPage` that is the argument of a `parse` in the list that `total` is given. A node that is used in several places has one of
 * them there. A failure that `settle` or `orElse` kept from the graph has the way from there.
 *
 * @example
 * import { call, graphPathOf, loop, task } from 'skein'
 *
 * const half = task(import.meta, function half(n: number) {
 *   if (n % 2 === 1) throw new RangeError(`${n} is odd`)
 *   return n / 2
 * })
 * const total = task(import.meta, function total(ns: number[]) { return ns.reduce((a, b) => a + b, 0) })
 *
 * const error = await loop.run(total, [call(half, 2), call(half, call(half, 6))]).catch(error => error)
 * console.log(graphPathOf(error)) // total > arguments[0][1] half
 */
export function graphPathOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? paths.get(error) : undefined
}

/** So many nodes of a path are shown from its start, and so many from its end. */
const shown = 6

/** Notes on an error which node of the graph has failed with it. */
export function notePath(error: unknown, failed: GraphNode): void {
  if (typeof error !== 'object' || error === null || paths.has(error)) return
  const path = pathTo(failed)
  if (path !== undefined) keepPath(error, path)
}

/** The same where the path is known already. An error that has one keeps that. */
export function keepPath(error: unknown, path: string): void {
  if (typeof error !== 'object' || error === null || paths.has(error)) return
  paths.set(error, path)
  noteBelow(error, `in a graph: ${path}`)
}

function pathTo(failed: GraphNode): string | undefined {
  const steps: string[] = []
  let node = failed
  let left = 0
  for (let edge = next(node); edge !== undefined; edge = next(node)) {
    steps.push(`${edge.path} ${node.name}`)
    // A path may be as long as the graph is large: its beginning is all that is kept of the middle.
    if (steps.length > 2 * shown) {
      steps.splice(shown, 1)
      left++
    }
    node = edge.user
    if (edge.takesOutcome) break
  }
  if (steps.length === 0) return undefined
  if (left > 0) steps.splice(shown, 0, `…(${left} more)…`)
  return [node.name, ...steps.reverse()].join(' > ')
}

function next({ users }: GraphNode): GraphEdge | undefined {
  return users.find(({ user: { state } }) => state === 'waiting' || state === 'running')
}
