const { bun, deno } = process.versions as { readonly bun?: string; readonly deno?: string }

/**
 * The runtime that the program runs on, and what differs between them as far as skein has to know it. Nothing else asks which one it
 * is: docs/guide/other-runtimes.md says what holds where.
 */
export const runtime: {
  readonly name: 'Node.js' | 'Bun' | 'Deno'
  /** `process.hrtime` counts from one moment for all threads and processes of the machine. The others let each thread begin at 0. */
  readonly hasCommonClock: boolean
  /** Workers of this kind fail alone when they reach a memory limit of their own. */
  readonly limitsMemoryOf: { readonly threads: boolean; readonly processes: boolean }
  /** `new net.Socket({ fd })` reads and writes a descriptor that the process was started with. */
  readonly opensSocketsByDescriptor: boolean
  /** `node:v8` has `DefaultDeserializer`; where not, `deserialize` gives every typed array memory of its own by itself. */
  readonly hasDeserializerClass: boolean
  /** Threads and processes can be given compiled code, and conditions by which packages are found. */
  readonly takesCompiledCode: boolean
} = {
  name: bun !== undefined ? 'Bun' : deno !== undefined ? 'Deno' : 'Node.js',
  hasCommonClock: bun === undefined && deno === undefined,
  limitsMemoryOf: { threads: bun === undefined && deno === undefined, processes: bun === undefined },
  opensSocketsByDescriptor: bun === undefined,
  hasDeserializerClass: bun === undefined,
  takesCompiledCode: bun === undefined && deno === undefined,
}
