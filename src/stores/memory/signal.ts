import type { Entry } from './entry.ts'

/** A signal for somebody. A call that has ended comes along, unless it is gone. */
export type Signal =
  | { readonly signal: 'claimable'; readonly queue?: string }
  | { readonly signal: 'ended'; readonly id: string; readonly entry?: Entry }
  | { readonly signal: 'reported'; readonly id: string }
  | { readonly signal: 'scheduled' }
