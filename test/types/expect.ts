/** True if two types are the same, not merely assignable to one another. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only for true. */
export type Expect<T extends true> = T

/** Compiles only if the value has exactly the type `T`. */
export function exactly<T>(): <V>(value: V, ...same: Equal<V, T> extends true ? [] : [never]) => void {
  return () => {}
}
