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

export function summary(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), n: values.length }
}
