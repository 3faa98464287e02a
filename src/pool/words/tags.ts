/**
 * The form of a value in the ring. Each begins with a word: four bits for the kind, the rest as it says.
 *
 *     integer      the number, 28 bits                      double      2 words follow
 *     constant     which                                    array       its length; the elements follow
 *     string       its length; 4 characters a word          wideString  its length; 2 characters a word
 *     shape        number of keys; the keys follow, then the values. It gets the next free number
 *     object       number of its shape; the values follow   dictionary  number of keys; key, value, key, value follow
 *     date         2 words follow
 *     longText     its length, times two, plus one if it is wide; a word follows: where it is, beside the message
 *     bytes        4 bits for the class, then the number of bytes, which follow
 */
export const integerTag = 0
export const constantTag = 1
export const doubleTag = 2
export const stringTag = 3
export const wideStringTag = 4
export const arrayTag = 5
export const objectTag = 6
export const shapeTag = 7
export const dictionaryTag = 8
export const bytesTag = 9
export const dateTag = 10
export const longTextTag = 11

/** The part of a constant's word above the kind. */
export const constants = { undefined: 0, null: 16, false: 32, true: 48 } as const

interface ViewClass {
  new (buffer: ArrayBuffer): ArrayBufferView
  readonly prototype: object
}

/** The classes of typed arrays; the place in this list goes over the wire. */
export const viewKinds: readonly ViewClass[] = [
  Uint8Array,
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Uint16Array,
  Int16Array,
  Int8Array,
  Uint8ClampedArray,
  BigInt64Array,
  BigUint64Array,
  DataView,
]
