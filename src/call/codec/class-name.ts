/** The name of the class that a prototype belongs to, for people. */
export function className(prototype: object | null): string {
  try {
    const name = prototype?.constructor?.name
    return typeof name === 'string' && name !== '' ? name : 'an unnamed class'
  } catch {
    return 'an unnamed class'
  }
}
