import type { Deserializer } from 'node:v8'
import { runtime } from '../core/system/runtime.ts'
import { nodeV8 } from '../core/node.ts'

/**
 * Reads what v8.serialize has written, as `v8.deserialize` does, but every typed array gets memory of its own, as after a
 * structured clone. `v8.deserialize` leaves it in the message: its `buffer` would be all of that, and keep it or change with it.
 */
export function readClone(bytes: Buffer): unknown {
  if (!runtime.hasDeserializerClass) return nodeV8().deserialize(bytes)
  const reader = new (Reader ??= cloneReader())(bytes)
  reader.readHeader()
  return reader.readValue()
}

type CloneReader = new (bytes: Buffer) => Deserializer

let Reader: CloneReader | undefined

/** Made when the first clone arrives, since `node:v8` is not loaded before. */
function cloneReader(): CloneReader {
  const { DefaultDeserializer } = nodeV8()
  return class extends DefaultDeserializer {
    // Node's types don't declare it; https://nodejs.org/api/v8.html#deserializer_readhostobject
    _readHostObject(): NodeJS.ArrayBufferView {
      const { _readHostObject } = DefaultDeserializer.prototype as unknown as {
        _readHostObject(): NodeJS.ArrayBufferView
      }
      return withOwnMemory(_readHostObject.call(this))
    }
  }
}

function withOwnMemory(view: NodeJS.ArrayBufferView): NodeJS.ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view
  if (byteLength === buffer.byteLength) return view
  const own = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
  if (Buffer.isBuffer(view)) return Buffer.from(own)
  return new (view.constructor as new (memory: ArrayBuffer) => NodeJS.ArrayBufferView)(own)
}
