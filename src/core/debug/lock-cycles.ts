import type { Member, ScopeNode } from '../tree/member.ts'
import { taskOf } from '../tree/task-of.ts'

/** One wait in a cycle: who waits, for what, and who has it. */
export interface CycleStep {
  readonly waiter: string
  /** The thing waited for, as in `lock 'db'`. */
  readonly waitsFor: string
  readonly holder: string
}

interface Edge {
  readonly wait: Member
  readonly holder: ScopeNode
}

/**
 * Tasks that wait for each other in a circle, so that none of them can ever go on: every circle once.
 *
 * It follows the waits that say who holds what they wait for (`waitsOn`): locks. What is held by a part of a task counts as
 * held by the task.
 */
export function findCycles(roots: readonly ScopeNode[]): CycleStep[][] {
  const edges = new Map<ScopeNode, Edge[]>()
  const inside: ScopeNode[] = [...roots]
  for (const scope of inside) {
    for (let member = scope.firstMember; member !== undefined; member = member.next) {
      if (member.inner !== undefined) inside.push(member.inner)
      const holder = member.waitsOn?.()
      if (holder === undefined) continue
      const waiter = taskOf(scope)
      const known = edges.get(waiter)
      const edge: Edge = { wait: member, holder: taskOf(holder) }
      if (known === undefined) edges.set(waiter, [edge])
      else known.push(edge)
    }
  }
  const cycles: CycleStep[][] = []
  const done = new Set<ScopeNode>()
  for (const start of edges.keys()) {
    // A walk in depth, with the way to here: a holder that is on the way closes a circle.
    const way: { readonly scope: ScopeNode; readonly edges: readonly Edge[]; at: number }[] = []
    const onWay = new Set<ScopeNode>()
    const enter = (scope: ScopeNode): void => {
      way.push({ scope, edges: edges.get(scope) ?? [], at: 0 })
      onWay.add(scope)
    }
    if (!done.has(start)) enter(start)
    for (let top = way.at(-1); top !== undefined; top = way.at(-1)) {
      const edge = top.edges[top.at++]
      if (edge === undefined) {
        done.add(top.scope)
        onWay.delete(top.scope)
        way.pop()
      } else if (onWay.has(edge.holder)) {
        const from = way.findIndex(each => each.scope === edge.holder)
        cycles.push(way.slice(from).map(each => stepOf(each.scope, each.edges[each.at - 1] as Edge)))
      } else if (!done.has(edge.holder)) enter(edge.holder)
    }
  }
  return cycles
}

/** One line for a circle of waits. */
export function describeCycle(cycle: readonly CycleStep[]): string {
  return cycle.map(({ waiter, waitsFor, holder }) => `${waiter} waits for ${waitsFor}, which ${holder} has`).join('; ')
}

function stepOf(waiter: ScopeNode, { wait, holder }: Edge): CycleStep {
  // Its own description may name the holder too; said once is enough.
  const waitsFor = (wait.describe?.() ?? 'it').replace(/,? held by .*$/, '')
  return { waiter: waiter.title, waitsFor, holder: holder.title }
}
