import { call, current, task } from 'skein'
import { type WasmMemory, wasmTask } from 'skein/wasm'

const file = new URL('./build/kernels.wasm', import.meta.url)

/** The sum of so many fractions from an address on. */
export const sum = wasmTask<(address: number, count: number) => number>(import.meta, file, 'sum', { memory: true })

/** The squared distance of two points whose coordinates begin at these addresses. */
export const distance = wasmTask<(left: number, right: number, count: number) => number>(
  import.meta,
  file,
  'distance',
  {
    memory: true,
  },
)

/** The number of the point that is nearest to another one, of those from `from` on and before `to`. */
export const nearest = task(
  import.meta,
  function nearest(memory: WasmMemory, { points, point, size }: Search, from: number, to: number): Found {
    const s = current()
    let best: Found = { number: -1, distance: Number.POSITIVE_INFINITY }
    for (let n = from; n < to; n++) {
      if (n % 1_024 === 0) s.checkpoint()
      const apart = Math.sqrt(distance(memory, points + n * size * 8, point, size))
      if (apart < best.distance) best = { number: n, distance: apart }
    }
    return best
  },
)

/** A point, and how far away it is. */
export interface Found {
  readonly number: number
  readonly distance: number
}

/** Where the points begin, where the one begins that is looked for, and how many coordinates each has. */
export interface Search {
  readonly points: number
  readonly point: number
  readonly size: number
}

/** A call for each part of so many points. */
export function searches(memory: WasmMemory, search: Search, count: number, parts: number) {
  return Array.from({ length: parts }, (_, n) => {
    return call(nearest, memory, search, Math.floor((count * n) / parts), Math.floor((count * (n + 1)) / parts))
  })
}
