import { current, task } from 'skein'

/** How each level of a value is made of the one below it. */
export const shapes: Readonly<Record<string, (inner: unknown) => object>> = {
  objects: inner => ({ inner }),
  arrays: inner => [inner],
  wide: inner => ({ before: 'text', ...(inner === 'core' ? {} : { list: [1, 2] }), inner, after: null }),
  Maps: inner => new Map([['inner', inner]]),
  Sets: inner => new Set([inner]),
  // One Buffer makes all of a value take the longer way.
  'with Buffers': inner => (inner === 'core' ? { inner } : { bytes: Buffer.from('x'), inner }),
}

/** A value of so many levels. */
export function nested(shape: string, levels: number): unknown {
  let value: unknown = 'core'
  for (let n = 0; n < levels; n++) value = (shapes[shape] as (inner: unknown) => object)(value)
  return value
}

/** How many levels a value has that `nested` has made. */
export function levelsOf(value: unknown): number {
  let levels = 0
  for (let at = value; typeof at === 'object' && at !== null; levels++) at = innerOf(at)
  return levels
}

function innerOf(value: object): unknown {
  if (Array.isArray(value)) return value[0]
  if (value instanceof Map) return value.get('inner')
  if (value instanceof Set) return [...value][0]
  return (value as { inner?: unknown }).inner
}

export const takeDeep = task(import.meta, function takeDeep(value: unknown): number {
  return levelsOf(value)
})

export const giveDeep = task(import.meta, function giveDeep(levels: number, shape: string = 'objects'): unknown {
  return nested(shape, levels)
})

export const reportDeep = task(import.meta, function reportDeep(levels: number, shape: string): void {
  const s = current()
  s.progress(nested(shape, levels))
  s.log('deep', { inner: nested(shape, levels - 1) })
})

export const streamDeep = task(import.meta, async function* streamDeep(levels: number, shape: string) {
  yield nested(shape, levels)
})

/** Throws an error with such a value as a field. */
export const throwDeep = task(import.meta, function throwDeep(levels: number, shape: string): never {
  throw Object.assign(new RangeError('deep'), { data: nested(shape, levels) })
})

/** A list beside whose elements lies another such list, and so on: what nobody looks at before it is sent. */
export const giveDeepBeside = task(import.meta, function giveDeepBeside(levels: number): unknown {
  let value: unknown[] = []
  for (let n = 0; n < levels; n++) value = Object.assign([n], { beside: value })
  return value
})
