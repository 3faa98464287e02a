/** Memory of WebAssembly that threads share. */
export interface RawMemory {
  readonly buffer: SharedArrayBuffer
  grow(pages: number): number
}

/** A compiled module. */
export interface RawModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module'
}

/** A thing that a module takes from outside, or gives. */
export interface Described {
  readonly module: string
  readonly name: string
  readonly kind: 'function' | 'table' | 'memory' | 'global'
}

type Imports = Record<string, Record<string, unknown>>

/** The parts of WebAssembly that are used here; the types of Node 20 have none of them. */
export interface PlatformWasm {
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => RawMemory
  readonly Module: {
    new (bytes: Uint8Array): RawModule
    imports(module: RawModule): Described[]
    exports(module: RawModule): Omit<Described, 'module'>[]
  }
  readonly Instance: new (module: RawModule, imports: Imports) => { readonly exports: Record<string, unknown> }
  readonly RuntimeError: new () => Error
}

export function platformWasm(): PlatformWasm {
  return (globalThis as unknown as { readonly WebAssembly: PlatformWasm }).WebAssembly
}
