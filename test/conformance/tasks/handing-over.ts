import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread, threadId } from 'node:worker_threads'
import { move, put, registerClass, task } from 'skein'
import { addLine, fileAppears, touch } from '../files.ts'

export interface Model {
  readonly weights: readonly number[]
  readonly words: ReadonlyMap<string, number>
}

export interface Scored {
  readonly model: Model
  readonly text: string
}

export const score = task(import.meta, function score(model: Model, text: string): number {
  return (model.words.get(text) ?? 0) * (model.weights[0] ?? 0)
})

export const scoreOf = task(import.meta, function scoreOf({ model, text }: Scored): number {
  return (model.words.get(text) ?? 0) * (model.weights[0] ?? 0)
})

export const scoreAll = task(import.meta, function* scoreAll(model: Model, texts: readonly string[]) {
  for (const text of texts) yield model.words.get(text) ?? 0
})

export const isSame = task(import.meta, function isSame(a: object, b: object): boolean {
  return a === b
})

const seen = new WeakSet<object>()

/** True where this object has been here before. */
export const wasHere = task(import.meta, function wasHere(value: object): { before: boolean; where: string } {
  const before = seen.has(value)
  seen.add(value)
  return { before, where: `${process.pid} ${threadId}` }
})

/** Waits for the gate, then uses the value. */
export const scoreLater = task(
  import.meta,
  async function scoreLater(started: string, gate: string, model: Model): Promise<number> {
    touch(started)
    await fileAppears(gate)
    return model.weights.length
  },
)

export class Dictionary {
  readonly #words: string[]
  constructor(words: string[]) {
    this.#words = words
  }
  at(index: number): string | undefined {
    return this.#words[index]
  }
  static encode(dictionary: Dictionary): string[] {
    return dictionary.#words
  }
}
registerClass(Dictionary, { encode: Dictionary.encode, decode: words => new Dictionary(words) })

export const wordAt = task(import.meta, function wordAt(dictionary: object, index: number): string | undefined {
  return (dictionary as Dictionary).at(index)
})

export const failWith = task(import.meta, function failWith(model: Model): never {
  throw new RangeError(`a model with ${model.weights.length} weights`)
})

let watched: WeakRef<object> | undefined

/** Remembers the value weakly. */
export const watch = task(import.meta, function watch(value: object): void {
  watched = new WeakRef(value)
})

/** True once what was watched has been collected. */
export const isCollected = task(import.meta, async function isCollected(): Promise<boolean> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 50 && watched?.deref() !== undefined; round++) {
    await new Promise(resolve => setImmediate(resolve))
    collect()
  }
  return watched?.deref() === undefined
})

/** Adds one to each byte and gives the memory back, without a copy. */
export const increase = task(import.meta, function increase(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) + 1
  return move(bytes)
})

let kept: Uint8Array<ArrayBuffer> | undefined

/** Gives away memory that it keeps a view of, in an object. */
export const giveKept = task(import.meta, function giveKept(length: number, moves: boolean) {
  const bytes = new Uint8Array(length).fill(7)
  kept = bytes
  return { bytes: moves ? move(bytes) : bytes, onMain: isMainThread }
})

/** What is left here of what was given away last. */
export const leftOfKept = task(import.meta, function leftOfKept(): number {
  return kept?.length ?? -1
})

/** Gives pieces of memory, each of them moved, and notes what is left of it. */
export const pieces = task(import.meta, async function* pieces(count: number, log: string) {
  for (let n = 0; n < count; n++) {
    const bytes = new Uint8Array(4_000).fill(n)
    yield move(bytes)
    addLine(log, `left ${bytes.length}`)
  }
})

/** A page of memory of a WebAssembly instance. */
export function unmovable(): Uint8Array<ArrayBuffer> {
  const { WebAssembly } = globalThis as unknown as {
    readonly WebAssembly: { readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } }
  }
  return new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer)
}

/** Gives away memory that cannot leave: that of a WebAssembly instance. */
export const giveUnmovable = task(import.meta, function giveUnmovable() {
  return move(unmovable())
})

export const failOnce = task(import.meta, function failOnce(bytes: Uint8Array, log: string): number {
  addLine(log, `run with ${bytes.length}`)
  throw new RangeError('always')
})

export const firstByte = task(import.meta, function firstByte({ buffers }: { buffers: Map<string, Uint8Array> }) {
  return [...buffers.values()].map(bytes => bytes[0])
})

/** Keeps its thread busy for ever. */
export const holdThread = task(import.meta, function holdThread(started: string): never {
  touch(started)
  for (;;);
})

export const setCell = task(
  import.meta,
  function setCell(shared: { cells: Int32Array; more: string }, index: number, value: number): void {
    Atomics.store(shared.cells, index, value)
  },
)

/** Gives a handle of its own. */
export const giveHandle = task(import.meta, function giveHandle(): object {
  return put([1])
})
