const { bun, deno } = process.versions as { readonly bun?: string; readonly deno?: string }

/**
 * The runtime that the program runs on, and what differs between them as far as skein has to know it. Nothing else asks which one it
 * is: docs/guide/other-runtimes.md says what holds where.
 */
export const runtime: {
  readonly name: 'Node.js' | 'Bun' | 'Deno'
  /** `process.hrtime` counts from one moment for all threads and processes of the machine. The others let each thread begin at 0. */
  readonly hasCommonClock: boolean
  /** A thread takes `resourceLimits` and fails alone when it reaches them. */
  readonly limitsThreadMemory: boolean
} = {
  name: bun !== undefined ? 'Bun' : deno !== undefined ? 'Deno' : 'Node.js',
  hasCommonClock: bun === undefined && deno === undefined,
  limitsThreadMemory: bun === undefined && deno === undefined,
}
