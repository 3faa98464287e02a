import type { RankedNode, Rank } from '../../../core/sync/ranks.ts'
import type { Job } from '../../../core/job/job.ts'
import { segment } from '../../codec/path.ts'
import type { Entry, Work } from '../entry.ts'

/**
 * The state of a node of a graph that runs.
 *
 *     waiting -> ready -> running -> done | failed
 *        |_________|_________|_____> dropped   nobody needs its result any more, as all who would have used it have failed
 */
type NodeState = 'waiting' | 'ready' | 'running' | 'done' | 'failed' | 'dropped'

/** Most nodes of a graph are used once, and many use no other: an array for each would be most of what a graph takes. */
const none: readonly never[] = []

/** A call of a graph, or a job in it: each once, however often it appears. */
export class GraphNode implements RankedNode<GraphNode> {
  /** The call; undefined for a job. */
  readonly work: Work | undefined
  readonly job: Job<unknown> | undefined
  state: NodeState = 'waiting'
  /** The arguments with a place for each result that is still to come. Let go when they are handed over. */
  args: readonly unknown[] | undefined
  /** The number of results that are missing in the arguments. */
  missing = 0
  /** The edges to those who use its result; let go when they have it. */
  users: readonly GraphEdge[] = none
  /** The number of edges to users that have not failed. */
  needed = 0
  /** The nodes whose results it uses: one for each edge. */
  uses: readonly GraphNode[] = none
  /** The progress of the search for nodes: it has not been looked at, its parts are being looked at, all of them have been. */
  search: 'new' | 'open' | 'over' = 'new'
  /** The number of nodes between it and the end of the graph, by the longest way. */
  depth = 0
  /** The entry that it runs as, alone or with others of its chain. */
  entry: Entry | undefined
  /** The node that runs in its place, as its task has returned another call. */
  heir: GraphNode | undefined
  /** The node in whose place it runs. */
  origin: GraphNode | undefined

  // Links of the line in which it waits for room.
  before: GraphNode | undefined
  after: GraphNode | undefined
  rank: Rank<GraphNode> | undefined

  constructor(work: Work | undefined, job: Job<unknown> | undefined) {
    this.work = work
    this.job = job
    this.args = work?.args
  }

  /** Adds an edge from another node, whose result has a place in its arguments. */
  use(node: GraphNode, edge: GraphEdge): void {
    if (this.uses === none) this.uses = [node]
    else (this.uses as GraphNode[]).push(node)
    if (node.users === none) node.users = [edge]
    else (node.users as GraphEdge[]).push(edge)
    this.missing++
    node.needed++
  }

  /** The edges to its users, which it does not need any more. */
  takeUsers(): readonly GraphEdge[] {
    const { users } = this
    this.users = none
    return users
  }

  get name(): string {
    return this.work?.task.name ?? this.job?.name ?? 'job'
  }
}

/** An edge: the result of a node has a place in the arguments of another. */
export class GraphEdge {
  readonly user: GraphNode
  /** True where the user is given how the node has ended, and does not fail with it. */
  readonly takesOutcome: boolean
  readonly #place: unknown[] | ((value: unknown) => void)
  readonly #at: number | string

  /**
   * @param place the array in which the result has its place, or a function that puts it there
   * @param at the index in that array; for a function the path from the arguments
   */
  constructor(
    user: GraphNode,
    takesOutcome: boolean,
    place: unknown[] | ((value: unknown) => void),
    at: number | string,
  ) {
    this.user = user
    this.takesOutcome = takesOutcome
    this.#place = place
    this.#at = at
  }

  put(value: unknown): void {
    if (typeof this.#place === 'function') this.#place(value)
    else this.#place[this.#at as number] = value
  }

  /** The index of the argument that it is; undefined where it is inside of one. */
  get argument(): number | undefined {
    return this.#place === this.user.args ? (this.#at as number) : undefined
  }

  /** Its place in the arguments of the user, as in `arguments[0][3]`. */
  get path(): string {
    const at = this.#at
    if (typeof at === 'string') return at
    const { args } = this.user
    if (args === undefined || this.#place === args) return `arguments${segment(String(at))}`
    return `arguments${segment(String(args.indexOf(this.#place)))}${segment(String(at))}`
  }
}
