/**
 * The id of the counter of one call: it counts the end of that, for another one that is to start only then, since both have the
 * same unique key.
 */
export function endCounter(id: string): string {
  return `end of ${id}`
}
