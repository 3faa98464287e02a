import type { StoredState } from '../stores/roles/calls.ts'

/** The states of a job, in the order in which they are shown. */
export const jobStates: readonly StoredState[] = [
  'ready',
  'delayed',
  'held',
  'running',
  'done',
  'failed',
  'cancelled',
  'dead',
]
