import { type CancelCause, errorOfCause } from '../../../core/errors/cause.ts'
import { CancelledError } from '../../../core/errors/errors.ts'
import { whenAborted } from '../../../core/events/when-aborted.ts'
import { Ranks } from '../../../core/sync/ranks.ts'
import { isOwn } from '../../define/own-tasks.ts'
import { type ChunkResult, Entry, type Outcome, patientTerms, type Work } from '../entry.ts'
import { chainArguments, chainFrom } from './fused.ts'
import type { GraphNode } from './node.ts'
import { notePath } from './path.ts'
import { planGraph } from './plan.ts'
import type { Handover } from '../handover.ts'
import { isReturnedCall } from './returned-call.ts'

/** Signals that stop a graph as a whole, beside the signal of its outermost call. */
export interface Stops {
  /** The job's own cancel. */
  readonly cancel?: AbortSignal
  /** The signal of the call whose task has returned this one. */
  readonly signal?: AbortSignal | undefined
  /** Called before anything of it begins, with the function that stops it. */
  readonly onBegin?: (stop: (cause: CancelCause) => void) => void
}

/**
 * Runs a call whose arguments hold calls or jobs: those first, each call value once however often it appears.
 *
 * The first failure that no edge takes (`settle`, `orElse`) stops the rest of the graph, and is what the graph throws, after
 * everything that it had started has ended. The signal of the outermost call, or one of `stops`, stops the whole graph; the other options belong to their own call.
 */
export function runGraph(executor: Handover, root: Work, stops: Stops = {}): Promise<unknown> {
  return new Promise((resolve, reject) => new GraphRun(executor, resolve, reject).start(root, stops))
}

/** So many calls are handed over beside those for which there are places: the others wait here, those on the longest way first. */
const ahead = 1_024
/** A higher priority of a call's own goes before any depth. */
const deepest = 67_108_864

/**
 * A graph that runs. There is no promise for a node: a result is put into the arguments of those who use it, and forgotten; who has got the
 * last of its results is ready.
 *
 * Invariant: while it is not over, each node that is waiting misses results of nodes that are waiting, ready or running; so there is always
 * something whose end will bring it on.
 */
class GraphRun {
  readonly #executor: Handover
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void
  #root: GraphNode | undefined
  /** Nodes that have all their arguments and wait for room. */
  readonly #ready = new Ranks<GraphNode>()
  /** The same of skein's own tasks, which need no room. */
  readonly #own: GraphNode[] = []
  readonly #entries = new Set<Entry>()
  /** Set when it is clear how it ends; it does when all that it has started has ended. */
  #end: { readonly value: unknown } | { readonly error: unknown } | undefined
  /** The cause for which all of it is being stopped from outside, until the first error that comes of it is there. */
  #stopping: CancelCause | undefined
  #isPumping = false
  #isTold = false
  #forgets: (() => void)[] = []

  constructor(executor: Handover, resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.#executor = executor
    this.#resolve = resolve
    this.#reject = reject
  }

  start(root: Work, { cancel, signal, onBegin }: Stops): void {
    const stop = (cause: CancelCause): void => this.#stop(cause, root)
    onBegin?.(stop)
    this.#listen(root.options.signal, 'signal', stop)
    this.#listen(signal, 'signal', stop)
    this.#listen(cancel, 'explicit', stop)
    try {
      if (this.#end === undefined) this.#root = this.#begin(root, 0)
    } catch (error) {
      this.#end = { error }
    }
    this.#pump()
  }

  #listen(signal: AbortSignal | undefined, source: 'signal' | 'explicit', stop: (cause: CancelCause) => void): void {
    if (signal === undefined) return
    const onAbort = (): void => stop({ source, reason: signal.reason })
    if (signal.aborted) onAbort()
    else this.#forgets.push(whenAborted(signal, onAbort))
  }

  #stop(cause: CancelCause, root: Work): void {
    if (this.#end !== undefined) return
    this.#stopping = cause
    this.#conclude({ error: errorOfCause(cause, `the graph of task ${root.task.name}`, 'withdrawn') }, cause)
  }

  /** Plans a call, and lets those of its nodes begin that need no others. Returns the outermost. */
  #begin(call: Work, depth: number): GraphNode {
    const plan = planGraph(call, depth)
    for (const { work } of plan) if (work !== undefined) this.#executor.check(work)
    for (const node of plan) {
      const { job } = node
      if (job !== undefined) {
        node.state = 'running'
        job.result().then(
          value => this.#arrived(node, value),
          (error: unknown) => this.#arrived(node, undefined, { error }),
        )
      } else if (node.missing === 0) this.#isReady(node)
    }
    return plan[0]
  }

  /** A job among the arguments has ended. */
  #arrived(node: GraphNode, value: unknown, failure?: { readonly error: unknown }): void {
    if (this.#end !== undefined || node.state !== 'running') return
    if (failure === undefined) this.#done(node, value)
    else this.#fail(node, failure.error)
    this.#pump()
  }

  #isReady(node: GraphNode): void {
    const { task, options } = node.work as Work
    node.state = 'ready'
    if (isOwn(task)) this.#own.push(node)
    else this.#ready.add(node, (options.priority ?? 0) * deepest + node.depth)
  }

  /** Hands over what is ready, as far as there is room. */
  #pump(): void {
    if (this.#isPumping) return // one that was handed over has ended at once
    this.#isPumping = true
    const room = this.#executor.capacity + ahead
    while (this.#end === undefined) {
      const own = this.#own.pop()
      if (own !== undefined) this.#evaluate(own)
      else if (this.#entries.size >= room) break
      else {
        const node = this.#ready.take()
        if (node === undefined) break
        this.#launch(node)
      }
    }
    this.#isPumping = false
    if (this.#end !== undefined && this.#entries.size === 0) this.#tell(this.#end)
  }

  /** Runs one of skein's own tasks, here and now. */
  #evaluate(node: GraphNode): void {
    if (node.state !== 'ready') return
    const { fn } = node.work as Work
    try {
      this.#done(node, fn(...(node.args as never[])))
    } catch (error) {
      this.#fail(node, error)
    }
  }

  #launch(node: GraphNode): void {
    const { bundles, observed } = this.#executor
    const nodes = bundles && !observed ? chainFrom(node) : ([node] as const)
    if (nodes.length > 1) return this.#launchChain(nodes)
    const work = node.work as Work
    const { task, fn, options, moved } = work
    const args = node.args as readonly unknown[]
    const onEnd = (outcome: Outcome): void => this.#ended(node, entry, outcome)
    const filled: Work = args === work.args ? work : { task, fn, args, options, moved }
    const entry: Entry = new Entry(filled, 'run', onEnd, patientTerms)
    node.state = 'running'
    node.entry = entry
    node.args = undefined
    this.#entries.add(entry)
    this.#executor.launch(entry)
  }

  #launchChain(nodes: readonly [GraphNode, ...GraphNode[]]): void {
    const { task, fn, options } = nodes[0].work as Work
    const onEnd = (outcome: Outcome): void => this.#endedChain(nodes, entry, outcome)
    const terms = { ...patientTerms, items: nodes.length }
    const entry: Entry = new Entry({ task, fn, args: chainArguments(nodes), options }, 'chain', onEnd, terms)
    for (const node of nodes) {
      node.state = 'running'
      node.entry = entry
    }
    this.#entries.add(entry)
    this.#executor.launch(entry)
  }

  #endedChain(nodes: readonly [GraphNode, ...GraphNode[]], entry: Entry, outcome: Outcome): void {
    const isDropped = nodes.at(-1)?.state === 'dropped'
    this.#entries.delete(entry)
    for (const node of nodes) node.entry = undefined
    if (this.#end !== undefined) this.#heedStopped(outcome)
    else if (!isDropped) {
      const { values, failed } =
        outcome.state === 'done' ? (outcome.value as ChunkResult) : { values: [outcome.error], failed: [0] }
      // The last that has ended; those behind it have not begun, since it has failed or has returned a call.
      const at = values.length - 1
      for (const [i, node] of nodes.entries()) {
        if (i <= at) node.args = undefined
        if (i !== at) node.state = i < at ? 'done' : 'waiting'
      }
      const node = nodes[at] as GraphNode
      if (failed.length > 0) this.#fail(node, values[at])
      else this.#done(node, values[at])
    }
    this.#pump()
  }

  #ended(node: GraphNode, entry: Entry, outcome: Outcome): void {
    this.#entries.delete(entry)
    node.entry = undefined
    if (this.#end !== undefined) this.#heedStopped(outcome)
    else if (node.state === 'running') {
      if (outcome.state === 'done') this.#done(node, outcome.value)
      else this.#fail(node, outcome.error)
    }
    this.#pump()
  }

  /** The first of those that were stopped from outside says best what it took to stop it. */
  #heedStopped(outcome: Outcome): void {
    if (this.#stopping === undefined || outcome.state === 'done') return
    this.#stopping = undefined
    this.#end = { error: outcome.error }
  }

  #done(node: GraphNode, value: unknown): void {
    if (isReturnedCall(value)) return this.#continue(node, value)
    node.state = 'done'
    if (node === this.#root) return this.#conclude({ value })
    for (const edge of node.takeUsers()) {
      if (edge.user.state !== 'waiting') continue
      this.#put(edge, edge.takesOutcome ? { status: 'fulfilled', value } : value)
    }
  }

  #put(edge: GraphNode['users'][number], value: unknown): void {
    edge.put(value)
    if (--edge.user.missing === 0) this.#isReady(edge.user)
  }

  /** A task has returned a call: that one takes the place of the node. */
  #continue(node: GraphNode, call: Work): void {
    let heir: GraphNode
    try {
      heir = this.#begin(call, node.depth)
    } catch (error) {
      return this.#fail(node, error)
    }
    // A task may return the next call again and again: of those in between nothing is kept.
    heir.origin = node.origin ?? node
    heir.origin.heir = heir
    heir.users = node.takeUsers()
    heir.needed = node.needed
    node.state = 'done'
    if (node === this.#root) this.#root = heir
  }

  /**
   * A node has failed: so do all that need its result, unless they take it as an outcome; and what only those have needed is
   * dropped.
   */
  #fail(failed: GraphNode, error: unknown): void {
    notePath(error, failed)
    const isOver = this.#executor.isOver || isOfAll(error)
    const open = [failed]
    failed.state = 'failed'
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (isOver || node === this.#root) return this.#conclude({ error }, { source: 'failure', reason: error })
      for (const edge of node.takeUsers()) {
        if (edge.user.state !== 'waiting') continue
        if (edge.takesOutcome) this.#put(edge, { status: 'rejected', reason: error })
        else {
          // At once: several ways lead to it, and what it used is to be counted once.
          edge.user.state = 'failed'
          open.push(edge.user)
        }
      }
      if (node !== failed) this.#drop(node, error)
    }
  }

  /** Nobody needs the results any more that a failed node would have used, as far as that was the last to need them. */
  #drop(failed: GraphNode, error: unknown): void {
    const open = [failed]
    for (let user = open.pop(); user !== undefined; user = open.pop()) {
      user.args = undefined
      for (const used of user.uses) {
        const node = used.heir ?? used
        if (--node.needed > 0 || node.state === 'done' || node.state === 'failed' || node.state === 'dropped') continue
        if (node.state === 'waiting') open.push(node)
        if (node.state === 'ready') this.#ready.remove(node)
        node.state = 'dropped'
        if (node.entry !== undefined) this.#executor.stop(node.entry, { source: 'failure', reason: error })
      }
    }
  }

  /** From here on nothing begins, and what runs is stopped. */
  #conclude(end: { readonly value: unknown } | { readonly error: unknown }, cause?: CancelCause): void {
    this.#end ??= end
    for (const entry of this.#entries) this.#executor.stop(entry, cause ?? { source: 'failure' })
    this.#pump()
  }

  #tell(end: { readonly value: unknown } | { readonly error: unknown }): void {
    if (this.#isTold) return
    this.#isTold = true
    for (const forget of this.#forgets) forget()
    if ('value' in end) this.#resolve(end.value)
    else this.#reject(end.error)
  }
}

/** True for the error of what was stopped together with everything else in its place: no edge takes that for a failure of its own. */
function isOfAll(error: unknown): boolean {
  return error instanceof CancelledError && (error.source === 'close' || error.source === 'shutdown')
}
