import { randomUUID } from 'node:crypto'
import { knowShared } from '../call/codec/class-registry.ts'
import type { sendable } from '../call/define/sendable.ts'
import { brandClass } from '../core/brand.ts'
import { checkInteger, checkKnown } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { platformWasm, type RawMemory } from './platform-wasm.ts'

/** Options of `WasmMemory`. */
export interface WasmMemoryOptions {
  /** The size that it begins with, in pages of 64 KB. From 0 up. */
  readonly pages: number
  /** The most that it may grow to, in pages. From `pages` to 65,536 (4 GB); default: `pages`. */
  readonly most?: number
}

/** Memory as it travels. */
interface MemoryForm {
  readonly id: string
  readonly memory: RawMemory
}

/** In the place of the options: memory that has come from another thread. */
class Arrived {
  readonly form: MemoryForm

  constructor(form: MemoryForm) {
    this.form = form
  }
}

/** The mark that tells the types that memory may be an argument. */
interface SendableMark {
  readonly [sendable]: true
}
const Marked: abstract new () => SendableMark = class {} as never

const known = /* @__PURE__ */ new Map<string, WeakRef<WasmMemory>>()
const dropped = /* @__PURE__ */ new FinalizationRegistry<string>(id => {
  if (known.get(id)?.deref() === undefined) known.delete(id)
})

/**
 * Memory that WebAssembly on several threads works on, and JavaScript as well: an argument of `wasmTask` as any other, never copied.
 *
 * Its `buffer` is a SharedArrayBuffer: typed arrays over it are what `par`, `SharedArray.over` and `Atomics` take. After `grow` take a new
 * buffer: the old one goes on to show what it had.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for sizes that are not whole numbers of pages, or need more than there is.
 *
 * @example
 * import { WasmMemory } from 'skein/wasm'
 *
 * const memory = new WasmMemory({ pages: 1, most: 4 })
 * new Float64Array(memory.buffer)[0] = 1.5
 * console.log(memory.grow(2), memory.buffer.byteLength) // 1 196608
 */
export class WasmMemory extends Marked {
  static {
    brandClass(this, 'WasmMemory')
    knowShared({
      name: 'skein:WasmMemory',
      Class: this as never,
      encode: ((memory: WasmMemory): MemoryForm => ({ id: memory.#id, memory: memory.raw })) as (
        instance: never,
      ) => unknown,
      decode: ((form: MemoryForm) => known.get(form.id)?.deref() ?? new WasmMemory(new Arrived(form) as never)) as (
        data: never,
      ) => object,
    })
  }

  /** @internal */
  readonly raw: RawMemory
  readonly #id: string

  /** @param options `pages`, and `most` where it may grow */
  constructor(options: WasmMemoryOptions) {
    super()
    if (options instanceof Arrived) {
      this.#id = options.form.id
      this.raw = options.form.memory
    } else {
      this.#id = randomUUID()
      this.raw = newMemory(options)
    }
    known.set(this.#id, new WeakRef(this))
    dropped.register(this, this.#id)
  }

  /** All of the memory, as it is now. */
  get buffer(): SharedArrayBuffer {
    return this.raw.buffer
  }

  /**
   * Makes it larger, on all threads, and returns how many pages it had before.
   *
   * @param pages how many pages more, from 0 up
   */
  grow(pages: number): number {
    checkInteger(pages, 'pages', 0, 65_536)
    try {
      return this.raw.grow(pages)
    } catch (error) {
      throw new InvalidArgumentError(
        `The memory has ${this.buffer.byteLength / 65_536} pages and cannot grow by ${pages}: give it a larger 'most' when it is made.`,
        { cause: error },
      )
    }
  }
}

function newMemory(options: WasmMemoryOptions): RawMemory {
  checkKnown(options, names, 'WasmMemory option')
  const { pages, most = pages } = options
  checkInteger(pages, 'pages', 0, 65_536)
  checkInteger(most, 'most', pages, 65_536)
  try {
    return new (platformWasm().Memory)({ initial: pages, maximum: most, shared: true })
  } catch (error) {
    throw new InvalidArgumentError(
      `There is no memory of ${most} pages of 64 KB to be had: ${String(error)}. Take less, or a smaller 'most'.`,
      { cause: error },
    )
  }
}

const names: ReadonlySet<string> = new Set(['pages', 'most'])
