/**
 * Returns what was given as the URL of a store without the user and the password, for the message that says what is wrong with it. A
 * password that was not written as a URL asks for it may hold any character, so all up to the last @ goes.
 */
export function withoutSecret(url: string): string {
  return url.replace(/\/\/.*@/s, '//…@')
}
