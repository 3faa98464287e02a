import { debugging } from '../report/debug.ts'
import { callGrace, scopeGrace } from '../time/grace.ts'
import { warnBlocked } from './instrument.ts'

/** @internal The grace of a scope that has none of its own, nor one around it. In debug mode what does not stop is reported soon. */
export const defaultGrace: number = /* @__PURE__ */ startWatching()

/** In debug mode steps are watched from the start, by every program that has scopes. */
function startWatching(): number {
  if (!debugging) return scopeGrace
  warnBlocked()
  return callGrace
}
