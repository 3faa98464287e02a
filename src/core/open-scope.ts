import { currentSource } from './current.ts'
import type { Host } from './hosts.ts'
import { Scope, type ScopeOptions } from './scope.ts'

/**
 * A scope for `await using`: leaving the block cancels what still runs in it, then waits for it.
 *
 * Use it where work serves the block (a heartbeat, a prefetch) and is worth nothing after it. To wait instead, use
 * `await scope(async s => …)`.
 *
 * **Errors**: leaving the block throws the first failure of a child, unless a cancel point of this scope has already told
 * the block of it.
 *
 * @example
 * import { openScope } from 'skein'
 *
 * const s = openScope({ name: 'heartbeat' })
 * const beats = s.spawn(async s => { for (;;) await s.sleep('1s') })
 * await s[Symbol.asyncDispose]() // what `await using s = openScope()` does at the end of its block
 * console.log(beats.state) // cancelled
 */
export function openScope(options: ScopeOptions = {}): Scope & AsyncDisposable {
  const outer = currentSource()?.toScope()
  return new OpenScope(options, outer instanceof Scope && !outer.isBackground ? outer : undefined)
}

class OpenScope extends Scope implements AsyncDisposable {
  #ended: Promise<void> | undefined = undefined
  #told = false

  constructor(options: ScopeOptions, parent: Scope | undefined) {
    super({ ...options, parent })
  }

  override cancelError(): unknown {
    this.#told = true
    return super.cancelError()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#ended ??= new Promise((resolve, reject) => {
      const told = this.#told
      const host: Host = {
        done: () => resolve(),
        failed: error => (told ? resolve() : reject(error)),
        cancelled: () => resolve(),
      }
      this.cancelWith({ source: 'scope' })
      this.bodyReturned(undefined, host)
    }))
  }
}
