import { nodeV8 } from '../../core/node.ts'

/** The ways in which a value lies in memory. */
const form = { number: 1, text: 2, bytes: 3, other: 4 } as const

const encoder = /* @__PURE__ */ new TextEncoder()
const decoder = /* @__PURE__ */ new TextDecoder()

/** The bytes of a value, with the form that they have. Plain data of any kind; throws for what cannot be copied. */
export function bytesOf(value: unknown): { readonly form: number; readonly bytes: Uint8Array } {
  if (typeof value === 'string' && value.isWellFormed()) return { form: form.text, bytes: encoder.encode(value) }
  if (value instanceof Uint8Array && !Buffer.isBuffer(value)) return { form: form.bytes, bytes: value }
  return { form: form.other, bytes: nodeV8().serialize(value) }
}

/** The value of bytes that belong to nobody else. */
export function valueOf(its: number, bytes: Uint8Array<ArrayBuffer>): unknown {
  if (its === form.text) return decoder.decode(bytes)
  return its === form.bytes ? bytes : nodeV8().deserialize(bytes)
}

/** The form of a number, which needs no bytes beside its own eight. */
export const numberForm: number = form.number
