import type { Scope } from '../../core/scope/scope.ts'
import { type SharedHandle, handlesHere } from './handle.ts'

/**
 * The locks that are held in this thread, by number: by a scope and the task that it is a part of, or by anything in the thread where all of that stands still. The negative
 * of its number for one that is not held yet, but keeps the others out already.
 */
export function heldBy(scope: Scope | undefined, isWholeThread: boolean): number[] {
  return holdsOf(scope, isWholeThread).map(({ handle, kind }) => kind * (handle.words[1] as number))
}

/** A handle that is held, and the place in the source where it was taken, which is known only with `SKEIN_DEBUG=1`. */
export interface Held {
  readonly handle: SharedHandle
  /** 1; or -1 where it is about to be held. */
  readonly kind: number
  readonly since: Error | undefined
}

export function holdsOf(scope: Scope | undefined, isWholeThread: boolean): Held[] {
  const found: Held[] = []
  if (scope === undefined && !isWholeThread) return found
  for (const handle of handlesHere()) {
    for (const { by, kind, since } of handle.holds()) {
      if (isWholeThread || isPartOf(scope, by)) found.push({ handle, kind, since })
    }
  }
  return found
}

/** True where `holder` is that scope, or one around it in the same task. */
function isPartOf(scope: Scope | undefined, holder: Scope | undefined): boolean {
  if (holder === undefined) return false
  let at = scope
  while (at !== undefined && at !== holder && !at.isTask) at = at.parent
  return at === holder
}
