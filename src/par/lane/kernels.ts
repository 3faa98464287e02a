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
