/** The sum of a part of a typed array: four sums side by side, since one addition has to wait for the one before it. */
export function sumOf(values: ArrayLike<number>, from: number, to: number): number {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = from
  for (const end = to - 3; i < end; i += 4) {
    a += values[i] as number
    b += values[i + 1] as number
    c += values[i + 2] as number
    d += values[i + 3] as number
  }
  for (; i < to; i++) a += values[i] as number
  return a + b + (c + d)
}

/** The least and the greatest number of a part of a typed array; NaN for both where there is one among them. */
export function minMaxOf(values: ArrayLike<number>, from: number, to: number): readonly [min: number, max: number] {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  // Any NaN, or an infinity of each sign, makes this one NaN: then it is looked at more closely.
  let sum = 0
  for (let i = from; i < to; i++) {
    const value = values[i] as number
    if (value < min) min = value
    if (value > max) max = value
    sum += value
  }
  if (sum === sum && min !== 0 && max !== 0) return [min, max]
  for (let i = from; i < to; i++) {
    const value = values[i] as number
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  return [min, max]
}
