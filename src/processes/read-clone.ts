import { DefaultDeserializer, deserialize } from 'node:v8'
import { runtime } from '../core/system/runtime.ts'

/**
 * Reads what v8.serialize has written, as `v8.deserialize` does, but every typed array gets memory of its own, as after a
 * structured clone. `v8.deserialize` leaves it in the message: its `buffer` would be all of that, and keep it or change with it.
 */
export function readClone(bytes: Buffer): unknown {
  if (!runtime.hasDeserializerClass) return deserialize(bytes)
  const reader = new CloneReader(bytes)
  reader.readHeader()
  return reader.readValue()
}

class CloneReader extends DefaultDeserializer {
  // Node's types don't declare it; https://nodejs.org/api/v8.html#deserializer_readhostobject
  _readHostObject(): NodeJS.ArrayBufferView {
    const { _readHostObject } = DefaultDeserializer.prototype as unknown as CloneReader
    return withOwnMemory(_readHostObject.call(this))
  }
}

function withOwnMemory(view: NodeJS.ArrayBufferView): NodeJS.ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view
  if (byteLength === buffer.byteLength) return view
  const own = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
  if (Buffer.isBuffer(view)) return Buffer.from(own)
  return new (view.constructor as new (memory: ArrayBuffer) => NodeJS.ArrayBufferView)(own)
}
