/** Starting an empty child and waiting for it, one after the other: nanoseconds of CPU time each. */
export async function measure({ peer, count }) {
  const { joins } = await import(`../structured/${peer}.mjs`)
  await joins(20_000)
  // A thousand are over too soon to be measured once.
  const repeats = Math.max(1, 50_000 / count)
  const from = process.cpuUsage()
  for (let at = 0; at < repeats; at++) await joins(count)
  const { user, system } = process.cpuUsage(from)
  return { ns: ((user + system) * 1000) / count / repeats }
}
