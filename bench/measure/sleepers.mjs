import { collect } from '../lib/heap.mjs'

/** Many tasks that sleep at once: CPU time of each from its start to its end, and what each takes while it sleeps. */
export async function measure({ peer, bare, count, base, spread, repeats }) {
  const { sleepers: framed, bareSleepers } = await import(`../structured/${peer}.mjs`)
  const sleepers = bare ? bareSleepers : framed
  // Not all at one moment, as in a program.
  const delay = i => base + (i % spread)
  // Compiled code is what runs in the end, also where there are only a thousand.
  for (let at = 0; at < 20; at++) {
    const warm = sleepers(1000, () => 1)
    await warm.started
    await warm.ended
  }

  collect()
  collect()
  const before = process.memoryUsage().heapUsed
  const still = sleepers(count, delay)
  await still.started
  collect()
  collect()
  const bytes = (process.memoryUsage().heapUsed - before) / count
  await still.ended
  collect()

  const from = process.cpuUsage()
  for (let at = 0; at < repeats; at++) {
    const timed = sleepers(count, delay)
    await timed.started
    await timed.ended
  }
  const { user, system } = process.cpuUsage(from)
  return { cpu: (user + system) / count / repeats, bytes }
}
