import type { ScopeNode } from './member.ts'

/** The task that a scope is a part of; the outermost scope where it is part of none. */
export function taskOf(scope: ScopeNode): ScopeNode {
  let at = scope
  while (!at.isTask && at.parent !== undefined && !at.parent.isBackground) at = at.parent
  return at
}
