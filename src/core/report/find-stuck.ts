import { Hold, type ScopeNode } from '../tree/member.ts'

/** A task that was cancelled and has not ended. */
export interface StuckTask {
  readonly title: string
  /** The work that it handed to executors and that has not ended. */
  readonly waitsFor: readonly string[]
  /** The moment of its last cancel point, by `monotonic`; undefined for never. */
  readonly lastSeen: number | undefined
  readonly spawnedAt: Error | undefined
}

/** Finds what has not ended in a scope: each scope and task that nothing further in explains. */
export function findStuck(scope: ScopeNode): StuckTask[] {
  const stuck: StuckTask[] = []
  const inside: ScopeNode[] = [scope]
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
    stuck.push({ title: at.title, waitsFor, lastSeen: at.lastSeen, spawnedAt: at.spawned?.at })
  }
  return stuck
}
