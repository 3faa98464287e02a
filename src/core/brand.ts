/**
 * The mark of what belongs to the thread that made it, a scope, a job, a lock, an executor, with its name: `'Scope'`, `'Lock'`. It
 * is the same in every copy of skein: a TypeScript loader can give the user's module a copy of its own.
 */
export const brand: unique symbol = Symbol.for('skein.brand') as never

/** The name that a value is marked with; undefined for one that is not. */
export function brandOf(value: object): string | undefined {
  return (value as { readonly [brand]?: string })[brand]
}

/**
 * Marks the instances of a class as things that belong to the thread that made them: as an argument or a result they are refused,
 * with an error that says so, instead of arriving as a copy that does nothing.
 *
 * Use it for a primitive or an executor of your own. Don't use it for a class whose data should travel: that one is registered
 * with `registerClass`. It costs an instance nothing, and holds for classes that extend it.
 *
 * @param type the class
 * @param name what its instances are called in errors
 *
 * @example
 * import { brandClass } from 'skein/lowlevel'
 * import { main, task } from 'skein'
 * import { threads } from 'skein/threads'
 *
 * class Turnstile {
 *   static {
 *     brandClass(this, 'Turnstile')
 *   }
 *   passed = 0
 * }
 * export const passedBy = task(import.meta, function passedBy(stile: unknown) {
 *   return typeof stile
 * })
 *
 * await main(import.meta, async () => {
 *   await using pool = threads({ workers: 1 })
 *   const failure = await pool.run(passedBy, new Turnstile()).catch(error => error)
 *   console.log(failure.message) // Task passedBy: arguments[0] is an instance of Turnstile, which cannot be sent …
 * })
 */
export function brandClass(type: { readonly prototype: object }, name: string): void {
  Object.defineProperty(type.prototype, brand, { value: name })
}
