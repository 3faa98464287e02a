/** The number of words of an event count. */
export const eventCountWords = 5

/** The places of its words. */
export const place = { hungry: 0, bell: 1, sleepers: 2, asyncBell: 3, woken: 4 } as const

/**
 * The word `sleepers` counts the threads that block, and so many for each event loop that waits: who rings finds out with one look that
 * there is nobody.
 */
export const oneLoop: number = 1 << 16

/**
 * One look at whether a wait is over: does in one step what was waited for, and returns its outcome; undefined where that cannot be
 * yet. It may throw, which ends the wait.
 *
 * @param isHungry whether this waiter has been passed over for long; a newcomer must not take what is free while such a one waits
 */
export type Attempt<T> = (isHungry: boolean) => T | undefined
