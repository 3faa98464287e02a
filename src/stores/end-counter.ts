/**
 * The id of the counter of one call: it counts the end of that, for another one that is to start only then, since both have the
 * same unique key.
 */
export function endCounter(id: string): string {
  return `${start}${id}`
}

/** True for the counter of one call. What it holds is due at the time that was asked for, not so much after it was let go. */
export function isEndCounter(counter: string | undefined): boolean {
  return counter?.startsWith(start) === true
}

const start = 'end of '
