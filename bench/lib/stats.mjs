export function median(values) {
  return percentile(values, 0.5)
}

/** Linear between neighbours, so that an even count gives the middle of the two. */
export function percentile(values, share) {
  if (values.length === 0) return NaN
  const sorted = Float64Array.from(values).toSorted()
  const at = (sorted.length - 1) * share
  const low = Math.floor(at)
  const high = Math.ceil(at)
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low)
}

/** One's figures divided by another's, each by the one of the same round: median, least and greatest; undefined without a common round. */
export function ratioByRound(rounds, others, metric) {
  const list = []
  for (const { round, [metric]: mine } of rounds) {
    const other = others.find(each => each.round === round)?.[metric]
    if (Number.isFinite(mine) && Number.isFinite(other) && other !== 0) list.push(mine / other)
  }
  return list.length === 0 ? undefined : summary(list)
}

export function summary(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), n: values.length }
}
