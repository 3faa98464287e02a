/** Starting an empty child and waiting for it, one after the other: nanoseconds each. */
export async function measure({ peer, count }) {
  const { joins } = await import(`../structured/${peer}.mjs`)
  await joins(Math.ceil(count / 10))
  const from = performance.now()
  await joins(count)
  return { ns: ((performance.now() - from) * 1e6) / count }
}
