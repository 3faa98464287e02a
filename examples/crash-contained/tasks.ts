import { task } from 'skein'

/** Stands for a converter with a bug in native code: some documents end the process that it runs in. */
export const convert = task(import.meta, function convert(document: string) {
  if (document === 'cursed') process.exit(3)
  if (document === 'poisoned') process.kill(process.pid, 'SIGKILL')
  return `${document}.pdf`
})
