import { shared } from '../shared.ts'
import type { SkeinEvent } from './event.ts'

/** The listeners of one place, as far as one who wants to hear of all places needs them. */
export interface AnyObservers {
  add(listener: (event: SkeinEvent) => void): () => void
}

/** @internal Set by what watches a whole program: it is told of the listeners of each place that is made from then on. */
export const everywhere: { made: ((observers: AnyObservers) => void) | undefined } = /* @__PURE__ */ shared(
  'everywhere.1',
  () => ({ made: undefined }),
)
