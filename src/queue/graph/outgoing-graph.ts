import type { Work } from '../../call/run/entry.ts'
import { type GraphPlan, planGraph } from '../../call/run/graph/plan.ts'
import type { GraphNode } from '../../call/run/graph/node.ts'
import { hasNested } from '../../call/run/graph/nested.ts'
import { takesOutcome } from '../../call/define/own-tasks.ts'
import type { WriteEdge } from '../../celery/write-json.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Job } from '../../core/job/job.ts'
import { jobCounter } from '../../stores/job-counter.ts'
import type { AwaitedCounter, JoinedMember, Membership, OutgoingCall } from '../../stores/roles/calls.ts'
import { newCallId } from '../../stores/call-id.ts'
import { type GraphPart, outgoingCall } from '../outgoing.ts'
import { GraphPaths } from './paths.ts'

/** The most calls that go into a store together: they are one commit, and nobody else writes meanwhile. */
const mostCalls = 250_000
/** The most bytes that their messages have together. */
const mostBytes = 256 * 1024 * 1024

/** Returns the id of a job that the same store keeps; undefined for any other. */
export type IdOfJob = (job: Job<unknown>) => string | undefined

/**
 * A call as it goes into a store, with all calls that are nested in it. Answers at once, unless a schema of a task takes its time.
 *
 * Each call of a graph is a call in the store. One that needs others is held until they are done, by a counter of its own of which they are
 * members; in the place of their results its message has marks, which the worker fills in that claims it.
 *
 * @param queue the queue of calls that name none
 * **Errors**: as `outgoingCall`, and `SKEIN_INVALID_ARGUMENT` for a call that is among its own arguments, for a graph beyond the limits, for
 * a signal of an inner call and for a job that another store keeps, or none.
 */
export function outgoingGraph(
  work: Work,
  kind: 'run' | 'stream',
  queue: string,
  idOfJob: IdOfJob,
): OutgoingCall | Promise<OutgoingCall> {
  if (!hasNested(work.args)) return outgoingCall(work, kind, queue)
  const writer = new GraphWriter(planGraph(work), queue, idOfJob)
  return writer.write(kind)
}

/** A call of a graph, with the number of each call that it needs among those. */
interface Written {
  readonly id: string
  readonly needs: Map<GraphNode, Need>
}

/** The things that a call gets of another one: its result, how it has ended, or both, each as another member. */
interface Need {
  member?: number
  outcome?: number
}

class GraphWriter {
  readonly #plan: GraphPlan
  readonly #queue: string
  readonly #idOfJob: IdOfJob
  readonly #rootId: string
  readonly #written = new Map<GraphNode, Written>()
  readonly #paths = new GraphPaths()
  #bytes = 0

  constructor(plan: GraphPlan, queue: string, idOfJob: IdOfJob) {
    this.#plan = plan
    this.#queue = queue
    this.#idOfJob = idOfJob
    this.#rootId = plan[0].work?.options.id ?? newCallId()
    if (plan.length > mostCalls) {
      throw new InvalidArgumentError(
        `The graph of task ${plan[0].name} has ${plan.length} calls, and at most ${mostCalls} go into a store together. Put several ` +
          'items into one call (chunks), or let a task submit the next part when it is done (submitNext).',
      )
    }
  }

  write(kind: 'run' | 'stream'): OutgoingCall | Promise<OutgoingCall> {
    const [root] = this.#plan
    const last = this.#plan.length - 1
    // Ids and members first, since a call says of which ones it is a member. In the plan it comes after those that need it.
    for (const [at, node] of this.#plan.entries()) this.#number(node, at === 0 ? undefined : last + 1 - at)
    const made: (OutgoingCall | Promise<OutgoingCall>)[] = []
    // In the store it comes before them, in the order of the arguments, which is that in which workers take them.
    for (let at = last; at > 0; at--) {
      const node = this.#plan[at] as GraphNode
      if (node.work !== undefined) made.push(this.#outgoing(node, node.work, 'run'))
    }
    const outer = this.#outgoing(root, root.work as Work, kind)
    if (!made.some(each => each instanceof Promise) && !(outer instanceof Promise))
      return this.#whole(outer, made as OutgoingCall[])
    const all = Promise.all([outer, ...made])
    return all.then(([first, ...inner]) => this.#whole(first as OutgoingCall, inner))
  }

  #whole(root: OutgoingCall, inner: readonly OutgoingCall[]): OutgoingCall {
    return inner.length === 0 ? root : { ...root, inner }
  }

  #number(node: GraphNode, number: number | undefined): void {
    const { work, job, uses } = node
    const id = job === undefined ? this.#idOf(work as Work, number) : this.#idOfJob(job)
    if (id === undefined) throw ofNoStore(job as Job<unknown>)
    const needs = new Map<GraphNode, Need>()
    let member = 0
    for (const [at, used] of uses.entries()) {
      const need = needs.get(used) ?? {}
      if (at === 0 && isOutcome(node, used)) need.outcome ??= member++
      else need.member ??= member++
      needs.set(used, need)
    }
    this.#written.set(node, { id, needs })
    this.#paths.add(node)
  }

  #idOf({ options, task }: Work, number: number | undefined): string {
    if (number === undefined) return this.#rootId
    if (options.signal !== undefined) {
      throw new InvalidArgumentError(
        `A signal cannot go with the call of task ${task.name}, which is an argument of another one: once the graph is in a store this ` +
          'program need not be there any more. Give the outermost call the signal: it stops the whole graph.',
      )
    }
    return options.id ?? `${this.#rootId}#${number}`
  }

  #outgoing(node: GraphNode, work: Work, kind: 'run' | 'stream'): OutgoingCall | Promise<OutgoingCall> {
    const made = outgoingCall(work, kind, this.#queue, this.#partOf(node))
    if (made instanceof Promise) return made.then(call => this.#weigh(call))
    return this.#weigh(made)
  }

  #weigh(call: OutgoingCall): OutgoingCall {
    // Not by their bytes: no character has fewer than one, and to count them would cost more than the limit is worth.
    this.#bytes += call.headers.length + call.body.length
    if (this.#bytes <= mostBytes) return call
    throw new InvalidArgumentError(
      `The messages of the graph of task ${this.#plan[0].name} have more than ${mostBytes} bytes, which is the most that goes into a store ` +
        'together. Put large data into files or an object store, and pass their paths or URLs.',
    )
  }

  #partOf(node: GraphNode): GraphPart {
    const { id, needs } = this.#written.get(node) as Written
    const isRoot = node === this.#plan[0]
    const path = this.#paths.of(node)
    const counts = this.#countsOf(node)
    const before = node.uses.at(-1)
    const group = isRoot ? undefined : groupOf(node)
    return {
      id,
      edge: needs.size === 0 ? undefined : edgeOf(needs),
      headers: {
        rootId: this.#rootId,
        // Celery's parent of a call is the one that has sent it: in a chain the one before.
        ...(before === undefined ? {} : { parentId: (this.#written.get(before) as Written).id }),
        ...(group === undefined
          ? {}
          : { group: `${(this.#written.get(group.of) as Written).id}#group`, groupIndex: group.index }),
        ...(path === undefined ? {} : { path }),
      },
      call: {
        ...(counts.length === 0 ? {} : { counts }),
        ...(needs.size === 0 ? {} : { after: this.#awaited(id, needs) }),
        // What others get of its result is kept by their counters.
        ...(isRoot || node.work?.options.ignoreResult === false ? {} : { ignoreResult: true }),
      },
    }
  }

  /** The members that it is: one for each call that needs it, or two where that gets its result in one place and its outcome in another. */
  #countsOf(node: GraphNode): Membership[] {
    const counts: Membership[] = []
    for (const user of new Set(node.users.map(edge => edge.user))) {
      const { id, needs } = this.#written.get(user) as Written
      const { member, outcome } = needs.get(node) as Need
      const counter = jobCounter(id)
      if (outcome !== undefined) counts.push({ counter, member: outcome, owned: true, tolerated: true })
      if (member !== undefined) counts.push({ counter, member, owned: true })
    }
    return counts
  }

  #awaited(id: string, needs: Written['needs']): AwaitedCounter {
    const joins: JoinedMember[] = []
    let members = 0
    for (const [used, { member, outcome }] of needs) {
      if (member !== undefined) members++
      if (outcome !== undefined) members++
      if (used.job === undefined) continue
      const { id: other } = this.#written.get(used) as Written
      if (outcome !== undefined) joins.push({ id: other, member: outcome, tolerated: true })
      if (member !== undefined) joins.push({ id: other, member })
    }
    return { counter: jobCounter(id), members, failure: 'drop', ...(joins.length === 0 ? {} : { joins }) }
  }
}

/** True where a call is given how another one has ended, in the place of its result. */
function isOutcome({ work }: GraphNode, used: GraphNode): boolean {
  const first = work?.args[0]
  return work !== undefined && takesOutcome(work.task) && first === (used.work ?? used.job)
}

/** Writes the marks of the arguments of a call. Its parts are met in their order, so that the first is the first argument. */
function edgeOf(needs: Written['needs']): WriteEdge {
  const numbers = new Map<object, Need>()
  for (const [{ work, job }, need] of needs) numbers.set((work ?? job) as object, need)
  let isFirst = true
  return part => {
    const need = numbers.get(part)
    if (need === undefined) return undefined
    const { member, outcome } = need
    const takes = isFirst && outcome !== undefined
    isFirst = false
    if (takes) return ['outcome', outcome]
    return member === undefined ? undefined : ['edge', member]
  }
}

/** The call in whose list of calls it stands, and where: such a list is what Celery calls a group. */
function groupOf({ users }: GraphNode): { readonly of: GraphNode; readonly index: number } | undefined {
  const [first] = users
  const index = first && /^arguments\[\d+\]\[(\d+)\]$/.exec(first.path)?.[1]
  return first === undefined || index === undefined ? undefined : { of: first.user, index: Number(index) }
}

function ofNoStore(job: Job<unknown>): InvalidArgumentError {
  return new InvalidArgumentError(
    `Job ${job.id}, task ${job.name}, is among the arguments, and is not kept by the store to which the call goes, so that no worker ` +
      'could wait for it. Wait for its result here, and pass that.',
  )
}
