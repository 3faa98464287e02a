/** The typed array of each type of numbers. */
export const numberTypes: { readonly [T in NumberType]: NumbersClass } = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
  bigint64: BigInt64Array,
  biguint64: BigUint64Array,
}

/** The types of numbers in shared memory. */
export type NumberType = keyof NumberViews

interface NumberViews {
  readonly int8: Int8Array
  readonly uint8: Uint8Array
  readonly int16: Int16Array
  readonly uint16: Uint16Array
  readonly int32: Int32Array
  readonly uint32: Uint32Array
  readonly float32: Float32Array
  readonly float64: Float64Array
  readonly bigint64: BigInt64Array
  readonly biguint64: BigUint64Array
}

/** The typed array that holds numbers of a type. */
export type NumbersOf<T extends NumberType> = NumberViews[T]

interface NumbersClass {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: SharedArrayBuffer, byteOffset?: number, length?: number): NumberViews[NumberType]
}

/** The type of a typed array; undefined for anything else. */
export function typeOf(view: unknown): NumberType | undefined {
  return (Object.keys(numberTypes) as NumberType[]).find(
    type => view instanceof (numberTypes[type] as never as new () => object),
  )
}
