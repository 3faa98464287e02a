/**
 * The environment of a worker: that of this program, with the variables that its pool sets. One that is set to undefined is
 * left out; Node itself does so for processes, and gives threads the word.
 */
export function environmentOf(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const all: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...process.env, ...own })) if (value !== undefined) all[name] = value
  return all
}
