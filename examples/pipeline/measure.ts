/** The kinds of files that a package is made of. */
export const kinds = ['code', 'types', 'binaries', 'source maps', 'other'] as const
export type Kind = (typeof kinds)[number]

/** One package, measured. */
export interface Measure {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly files: number
  /** Lines of code and types. */
  readonly lines: number
  readonly bytes: Readonly<Record<Kind, number>>
}

/** All of them together. */
export interface Summary {
  readonly folder: string
  readonly files: number
  readonly lines: number
  readonly bytes: Readonly<Record<Kind, number>>
  /** The biggest first. */
  readonly packages: readonly Measure[]
  /** The most frequent first. */
  readonly licenses: readonly (readonly [license: string, packages: number])[]
}

/** The bytes of all kinds. */
export function total(bytes: Measure['bytes']): number {
  return kinds.reduce((sum, kind) => sum + bytes[kind], 0)
}
