import type { ScopeNode } from './member.ts'

/**
 * The scopes at the top: those that are part of no other and have not ended.
 *
 * One that has a body (`scope`, `main`, a task of an executor) is kept here until it ends. A block that was opened with `openScope` is held only weakly, so that one which is never disposed of can go.
 */
const awaited = new Set<ScopeNode>()
const tasks = new Set<ScopeNode>()
const blocks = new Map<symbol, WeakRef<ScopeNode>>()
const keys = new WeakMap<ScopeNode, symbol>()
const gone = /* @__PURE__ */ new FinalizationRegistry<symbol>(key => blocks.delete(key))

let background: ScopeNode | undefined

/** @internal The scope of what belongs to the program as a whole. */
export function setBackgroundRoot(scope: ScopeNode): void {
  background = scope
}

/** @internal A scope that somebody awaits. */
export function addAwaitedRoot(scope: ScopeNode): void {
  awaited.add(scope)
}

/** @internal The scope of a task that an executor runs: to await the task is to await the job. */
export function addTaskRoot(scope: ScopeNode): void {
  tasks.add(scope)
}

/** @internal A block at the top. */
export function addBlockRoot(scope: ScopeNode): void {
  const key = Symbol(scope.name)
  keys.set(scope, key)
  blocks.set(key, new WeakRef(scope))
  gone.register(scope, key, scope)
}

/** @internal One of these has ended. */
export function removeRoot(scope: ScopeNode): void {
  if (awaited.delete(scope) || tasks.delete(scope)) return
  const key = keys.get(scope)
  if (key === undefined) return
  keys.delete(scope)
  blocks.delete(key)
  gone.unregister(scope)
}

/** @internal The scopes that somebody awaits. */
export function awaitedRoots(): readonly ScopeNode[] {
  return [...awaited]
}

/** @internal The scopes at the top that are not the business of an executor: those that somebody awaits, and open blocks. */
export function freeRoots(): readonly ScopeNode[] {
  return [...awaited, ...openBlocks()]
}

/** @internal All of them, the background scope too where it has something in it. */
export function rootScopes(): readonly ScopeNode[] {
  const shared = background?.firstMember === undefined ? [] : [background]
  return [...awaited, ...tasks, ...openBlocks(), ...shared]
}

function openBlocks(): ScopeNode[] {
  return [...blocks.values()].map(each => each.deref()).filter(each => each !== undefined)
}
