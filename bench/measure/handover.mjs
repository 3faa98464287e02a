/** Tasks that wait for each other: nanoseconds for each turn. */
export async function measure({ peer, what, count }) {
  const { handover } = await import(`../structured/${peer}.mjs`)
  await handover(what, count / 10)
  const from = performance.now()
  await handover(what, count)
  return { ns: ((performance.now() - from) * 1e6) / count }
}
