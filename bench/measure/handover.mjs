/** Tasks that wait for each other: nanoseconds of CPU time for each turn. */
export async function measure({ peer, what, count }) {
  const { handover } = await import(`../structured/${peer}.mjs`)
  await handover(what, count / 10)
  const from = process.cpuUsage()
  await handover(what, count)
  const { user, system } = process.cpuUsage(from)
  return { ns: ((user + system) * 1000) / count }
}
