import { Hold } from '../tree/member.ts'
import type { ScopeCore } from './life.ts'
import type { StuckTask } from './stuck.ts'

/** What in a scope has not ended: each scope and task that nothing further in explains. */
export function findStuck(scope: ScopeCore): StuckTask[] {
  const stuck: StuckTask[] = []
  const inside: ScopeCore[] = [scope]
  for (const at of inside) {
    const waitsFor: string[] = []
    let deeper = false
    for (let member = at.firstMember; member !== undefined; member = member.next) {
      if (member.inner !== undefined) {
        deeper = true
        inside.push(member.inner)
      } else if (member instanceof Hold) waitsFor.push(member.name)
    }
    if (waitsFor.length === 0 && (deeper || !at.bodyRuns)) continue
    stuck.push({ title: at.title, waitsFor, lastSeen: at.lastSeen, spawnedAt: at.extras?.spawnedAt })
  }
  return stuck
}
