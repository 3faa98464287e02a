/*
 * The time that cancelled work has to stop, in milliseconds, where its options do not say. One rule: what holds work waits
 * longer than the work that it holds, so that the inner one is dealt with, and named, before the outer one gives up.
 */

/** A call on an executor, or one attempt of a job; then its worker is ended. */
export const callGrace = 1_000

/** A scope, then a warning says what is stuck; and another program that a scope runs, then it gets SIGKILL. */
export const scopeGrace = 5_000

/** The whole program, in `main`; then it exits. */
export const programGrace = 10_000
