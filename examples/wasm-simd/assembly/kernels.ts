// AssemblyScript: it looks like TypeScript and is compiled to WebAssembly, with instructions that work on two fractions at once (SIMD).

/** The sum of fractions from an address on: eight sums side by side. */
export function sum(address: usize, count: i32): f64 {
  let a = f64x2.splat(0)
  let b = f64x2.splat(0)
  let c = f64x2.splat(0)
  let d = f64x2.splat(0)
  let at = address
  const end = address + ((<usize>count) << 3)
  for (const whole = end - ((end - address) & 63); at < whole; at += 64) {
    a = f64x2.add(a, v128.load(at))
    b = f64x2.add(b, v128.load(at, 16))
    c = f64x2.add(c, v128.load(at, 32))
    d = f64x2.add(d, v128.load(at, 48))
  }
  const all = f64x2.add(f64x2.add(a, b), f64x2.add(c, d))
  let total = f64x2.extract_lane(all, 0) + f64x2.extract_lane(all, 1)
  for (; at < end; at += 8) total += load<f64>(at)
  return total
}

/** The distance of two points with many coordinates, squared. */
export function distance(left: usize, right: usize, count: i32): f64 {
  let a = f64x2.splat(0)
  let b = f64x2.splat(0)
  let at: usize = 0
  const end = (<usize>count) << 3
  for (const whole = end - (end & 31); at < whole; at += 32) {
    const first = f64x2.sub(v128.load(left + at), v128.load(right + at))
    const second = f64x2.sub(v128.load(left + at, 16), v128.load(right + at, 16))
    a = f64x2.add(a, f64x2.mul(first, first))
    b = f64x2.add(b, f64x2.mul(second, second))
  }
  const both = f64x2.add(a, b)
  let total = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1)
  for (; at < end; at += 8) {
    const difference = load<f64>(left + at) - load<f64>(right + at)
    total += difference * difference
  }
  return total
}

/** An address for numbers: behind what the module itself needs. */
export function firstAddress(): usize {
  return (__heap_base + 15) & ~15
}
