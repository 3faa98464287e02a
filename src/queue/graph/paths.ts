import type { GraphNode } from '../../call/run/graph/node.ts'

/** So many steps of a path are shown from its start, and so many from its end. */
const shown = 6

/** The way to a call. */
interface Path {
  readonly start: string
  readonly head: readonly string[]
  readonly tail: readonly string[]
  /** The number of steps between them that are not shown. */
  readonly left: number
}

/** The ways from the outermost call of a graph to each of the others, as `graphPathOf` shows them: by one of the places where it is used. */
export class GraphPaths {
  readonly #paths = new Map<GraphNode, Path>()

  /** To be called for a call after those that use it. */
  add(node: GraphNode): void {
    const [edge] = node.users
    const start = { start: node.name, head: [], tail: [], left: 0 }
    if (edge === undefined) return void this.#paths.set(node, start)
    // Who takes the outcome keeps the failure from those that come after.
    const before = edge.takesOutcome ? { ...start, start: edge.user.name } : (this.#paths.get(edge.user) as Path)
    this.#paths.set(node, longer(before, `${edge.path} ${node.name}`))
  }

  /** The way to a call; undefined for the outermost. */
  of(node: GraphNode): string | undefined {
    const { start, head, tail, left } = this.#paths.get(node) as Path
    if (head.length === 0) return undefined
    return [start, ...head, ...(left > 0 ? [`…(${left} more)…`] : []), ...tail].join(' > ')
  }
}

function longer({ start, head, tail, left }: Path, step: string): Path {
  if (head.length < shown) return { start, head: [...head, step], tail, left }
  const steps = [...tail, step]
  const isFull = steps.length > shown
  return { start, head, tail: isFull ? steps.slice(1) : steps, left: isFull ? left + 1 : left }
}
