import { checkKnown } from '../errors/checks.ts'
import { since } from '../time/clock.ts'
import { debugging } from '../report/debug.ts'
import { describeCycle, findCycles } from './lock-cycles.ts'
import type { Member, ScopeNode } from '../tree/member.ts'
import { userFrames } from '../report/place.ts'
import { rootScopes } from '../tree/roots.ts'

const known: ReadonlySet<string> = new Set(['json'])

/**
 * The state of a task or scope.
 *
 * - `starting`: it was spawned and has not begun
 * - `running`: it runs, or waits for a promise that skein knows nothing of
 * - `waiting`: for what `waitsFor` says, or for what was started in it
 * - `cancelling`: it was cancelled and has not ended yet
 * - `stuck`: it was cancelled, and the grace period is over
 * - `exiting`: its exit handlers run
 */
export type TaskState = 'starting' | 'running' | 'waiting' | 'cancelling' | 'stuck' | 'exiting'

/** One task or scope in the picture that `tree` returns: plain data. */
export interface TaskNode {
  readonly kind: 'task' | 'scope'
  readonly name: string
  readonly state: TaskState
  /** The things that it waits for, in words. */
  readonly waitsFor: readonly string[]
  /** Milliseconds since it last passed a cancel point; undefined for never. */
  readonly lastCheckpoint: number | undefined
  /** The moment at which it has to be over, in milliseconds since the Unix epoch; undefined without a deadline. */
  readonly deadline: number | undefined
  /** The place in the source where it was spawned; only with `SKEIN_DEBUG=1`. */
  readonly spawnedAt: string | undefined
  /** Milliseconds since it was spawned; only with `SKEIN_DEBUG=1`. */
  readonly age: number | undefined
  readonly children: readonly TaskNode[]
}

/**
 * All that runs in scopes at this moment, as plain data: the scopes at the top, and what is in them.
 *
 * For a page or a log of your own; `dump` returns the same as text. Only what belongs to a scope is seen.
 *
 * **Cancellation**: nothing waits here. **Errors**: none.
 *
 * @example
 * import { scope, tree } from 'skein'
 *
 * await scope(async function main(s) {
 *   s.spawn(async function load(s) { await s.sleep('5ms') })
 *   await s.sleep(0)
 *   for (const { name, state } of tree()[0]?.children ?? []) console.log(name, state) // load waiting
 * })
 */
export function tree(): readonly TaskNode[] {
  return rootScopes().map(root => nodeOf(root, undefined, false))
}

/**
 * All that runs in scopes at this moment, as text: a tree of names, what each is doing, what it waits for, and when it last
 * passed a cancel point; with `SKEIN_DEBUG=1` also where it was spawned and how long ago. Tasks that wait for each other in a circle are named.
 *
 * For a person who wants to know why a program does not end. `main` and `SKEIN_DEBUG=1` print it on SIGUSR2.
 *
 * **Cancellation**: nothing waits here. **Errors**: `SKEIN_INVALID_ARGUMENT`.
 *
 * @param options `json: true` returns the data of `tree` as one JSON string
 * @example
 * import { dump, scope } from 'skein'
 *
 * await scope(async function main(s) {
 *   s.spawn(async function load(s) { await s.sleep('1h') })
 *   await s.sleep(0)
 *   console.log(dump().includes('task load')) // true
 *   s.cancel()
 * }).catch(() => {})
 */
export function dump(options: { readonly json?: boolean } = {}): string {
  checkKnown(options, known, 'dump option')
  const nodes = tree()
  if (options.json === true) return JSON.stringify(nodes)
  if (nodes.length === 0) return 'No scope is open.\n'
  const lines: string[] = []
  for (const node of nodes) print(node, '', '', lines)
  for (const cycle of findCycles(rootScopes())) lines.push(`These wait for each other: ${describeCycle(cycle)}`)
  if (!debugging) lines.push('Run with SKEIN_DEBUG=1 to see where each task was spawned.')
  return `${lines.join('\n')}\n`
}

/**
 * Prints the dump to stderr whenever the process gets a signal. It does not keep the program running. `main` does it by
 * itself; where the platform has no such signal, nothing happens.
 *
 * **Cancellation**: nothing waits here. **Errors**: none.
 *
 * @param signal Default: SIGUSR2, as in `kill -USR2 <pid>`
 * @returns ends it
 * @example
 * import { dumpOnSignal } from 'skein'
 *
 * const stop = dumpOnSignal()
 * stop()
 */
export function dumpOnSignal(signal: NodeJS.Signals = 'SIGUSR2'): () => void {
  const print = (): void => void process.stderr.write(dump())
  try {
    process.on(signal, print)
  } catch {
    return () => {} // Windows knows few signals.
  }
  return () => void process.removeListener(signal, print)
}

function nodeOf(scope: ScopeNode, place: Member | undefined, overGrace: boolean): TaskNode {
  const waitsFor: string[] = []
  const children: TaskNode[] = []
  const late = overGrace || scope.overGrace
  for (let member = scope.firstMember; member !== undefined; member = member.next) {
    if (member.inner !== undefined) children.push(nodeOf(member.inner, member, late))
    else if (member.describe !== undefined) waitsFor.push(member.describe())
  }
  const { deadline, spawned } = scope
  return {
    kind: scope.isTask ? 'task' : 'scope',
    name: scope.name,
    state: stateOf(scope, place, late, waitsFor.length > 0, children.length > 0),
    waitsFor,
    lastCheckpoint: scope.lastSeen === undefined ? undefined : since(scope.lastSeen),
    deadline: deadline === Infinity ? undefined : deadline,
    spawnedAt: userFrames(spawned?.at),
    age: spawned === undefined ? undefined : since(spawned.time),
    children,
  }
}

function stateOf(
  scope: ScopeNode,
  place: Member | undefined,
  late: boolean,
  waits: boolean,
  deeper: boolean,
): TaskState {
  if ((place as { readonly state?: unknown } | undefined)?.state === 'queued') return 'starting'
  if (scope.exiting) return 'exiting'
  if (scope.cancelled && !scope.isBackground) return late && !deeper && scope.bodyRuns ? 'stuck' : 'cancelling'
  return waits || !scope.bodyRuns || scope.isBackground ? 'waiting' : 'running'
}

function print(node: TaskNode, first: string, rest: string, lines: string[]): void {
  const parts: string[] = [
    node.state === 'running' && node.children.length > 0 ? 'running, or waiting for a promise' : node.state,
  ]
  if (node.waitsFor.length > 0) parts.push(`for ${node.waitsFor.slice(0, 5).join(', ')}`)
  if (node.waitsFor.length > 5) parts.push(`and ${node.waitsFor.length - 5} more`)
  const seen =
    node.lastCheckpoint === undefined
      ? 'no checkpoint yet'
      : `last checkpoint ${Math.round(node.lastCheckpoint)} ms ago`
  const old = node.age === undefined ? '' : `; ${Math.round(node.age)} ms old`
  const title = node.name === node.kind ? `unnamed ${node.kind}` : `${node.kind} ${node.name}`
  lines.push(`${first}${title}: ${parts.join(' ')}; ${seen}${old}`)
  if (node.spawnedAt !== undefined) {
    for (const line of node.spawnedAt.split('\n')) lines.push(`${rest}    ${line.trim()}`)
  }
  for (const [index, child] of node.children.entries()) {
    const last = index === node.children.length - 1
    print(child, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`, lines)
  }
}
