/**
 * The compiled code of a worker in shared memory: two words, and the bytes.
 *
 *     word 0    how far the program is with it
 *     word 1    the number of bytes
 */
const begun = 1
const ready = 2
const header = 8

/** More than it takes; what is never written takes no memory. */
const most = 2 ** 20

/** The longest that a worker waits for code that is being compiled, in milliseconds: about as long as it would take by itself. */
const patience = 50

/** Makes the memory. */
export function codeMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(most)
}

/** The program's side: compiles, and puts down what comes of it. Workers that come meanwhile wait. */
export function writeCode(memory: SharedArrayBuffer, compile: () => Uint8Array | undefined): void {
  const words = new Int32Array(memory, 0, 2)
  Atomics.store(words, 0, begun)
  const code = compile()
  if (code !== undefined && header + code.length <= memory.byteLength) {
    new Uint8Array(memory, header).set(code)
    Atomics.store(words, 1, code.length)
  }
  Atomics.store(words, 0, ready)
  Atomics.notify(words, 0)
}

/** The worker's side: the code, if it is there or about to be. */
export function readCode(memory: SharedArrayBuffer): Uint8Array | undefined {
  const words = new Int32Array(memory, 0, 2)
  Atomics.wait(words, 0, begun, patience)
  const length = Atomics.load(words, 1)
  return length === 0 ? undefined : new Uint8Array(memory, header, length)
}

/** V8 copies code that does not begin at a multiple of so many bytes. */
const aligned = 8

/** Several pieces of code as one: of each its number of bytes, and the bytes. */
export function pack(codes: readonly Uint8Array[]): Uint8Array {
  const places = codes.map(code => aligned + Math.ceil(code.length / aligned) * aligned)
  const packed = new Uint8Array(places.reduce((sum, place) => sum + place, 0))
  let at = 0
  for (const [index, code] of codes.entries()) {
    new Uint32Array(packed.buffer, at, 1)[0] = code.length
    packed.set(code, at + aligned)
    at += places[index] as number
  }
  return packed
}

/** The pieces again. */
export function unpack(packed: Uint8Array): Uint8Array[] {
  const codes: Uint8Array[] = []
  for (let at = 0; at < packed.length;) {
    const [length = 0] = new Uint32Array(packed.buffer, packed.byteOffset + at, 1)
    codes.push(packed.subarray(at + aligned, at + aligned + length))
    at += aligned + Math.ceil(length / aligned) * aligned
  }
  return codes
}
