import type { CancelCause } from '../errors/cause.ts'
import { debugging } from '../report/debug.ts'
import { RunHost } from './host.ts'
import { addBlockRoot } from '../tree/roots.ts'
import { currentScope } from './owner.ts'
import { Scope, type ScopeOptions } from './scope.ts'
import type { OpenBlock } from './extras.ts'
import { checkScopeOptions, initOf, noOptions } from './options.ts'

/**
 * A scope for `await using`: leaving the block cancels what still runs in it, then waits for it.
 *
 * Use it where work serves the block (a heartbeat, a prefetch) and is worth nothing after it. To wait instead, use
 * `await scope(async s => …)`.
 *
 * Called while the synchronous part of a task or of another scope's body runs, it is part of that scope, and has to be
 * disposed of before that one ends; after an `await`, name it: `openScope({}, s)`.
 *
 * **Cancellation**: when the outer scope is cancelled, everything inside is too.
 *
 * **Errors**: leaving the block throws the first failure of a child, unless a cancel point of this scope has already thrown
 * it inside the block. A scope that ends while one opened in it is still open cancels it and throws `SKEIN_MISUSE`.
 *
 * @param options those of `scope`
 * @param outer the scope that it is part of. Default: the current one, where there is one
 * @example
 * import { openScope } from 'skein'
 *
 * const s = openScope({ name: 'heartbeat' })
 * const beats = s.spawn(async s => { for (;;) await s.sleep('1s') })
 * await s[Symbol.asyncDispose]() // what `await using s = openScope()` does at the end of its block
 * console.log(beats.state) // cancelled
 */
export function openScope(options: ScopeOptions = noOptions, outer?: Scope): Scope & AsyncDisposable {
  checkScopeOptions(options)
  const around = outer ?? currentScope()
  const block = new BlockScope(options, around instanceof Scope && !around.isBackground ? around : undefined)
  block.enter()
  return block
}

class BlockScope extends Scope implements AsyncDisposable, OpenBlock {
  readonly #run: BlockRun
  #ended: Promise<void> | undefined = undefined
  #told = false

  constructor(options: ScopeOptions, parent: Scope | undefined) {
    super(initOf<Scope>(options, options.name, parent, debugging ? new Error('the block was opened') : undefined))
    this.#run = new BlockRun(this)
  }

  /** Takes its place in the scope around it, which then waits for it and cancels it. */
  enter(): void {
    this.parent?.assertOpen('openScope')
    this.parent?.enlist(this.#run)
    this.parent?.addBlock(this)
    if (this.parent === undefined) addBlockRoot(this)
  }

  /** Leaves the scope around it. */
  exit(): void {
    this.parent?.removeBlock(this)
  }

  override cancelError(): unknown {
    this.#told = true
    return super.cancelError()
  }

  /** Disposing of it must not swallow its cancellation. */
  protected override get hasTold(): boolean {
    return false
  }

  misnest(): void {
    this.cancelWith({ source: 'scope', reason: 'misnesting' })
    this.bodyReturned(undefined, this.#run)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#ended ??= new Promise((resolve, reject) => {
      const told = this.#told
      this.#run.hear(resolve, error => (told ? resolve() : reject(error)))
      this.cancelWith({ source: 'scope' })
      this.bodyReturned(undefined, this.#run)
    }))
  }
}

/** The place of an open block in the scope around it; says how it ended where it is disposed of. */
class BlockRun extends RunHost<BlockScope> {
  readonly #block: BlockScope
  #outcome: { readonly error?: unknown } | undefined = undefined
  #resolve: (() => void) | undefined = undefined
  #reject: ((error: unknown) => void) | undefined = undefined

  constructor(block: BlockScope) {
    super(block)
    this.#block = block
  }

  hear(resolve: () => void, reject: (error: unknown) => void): void {
    this.#resolve = resolve
    this.#reject = reject
    if (this.#outcome !== undefined) this.#tell(this.#outcome)
  }

  done(): void {
    this.#end({})
  }

  failed(error: unknown): void {
    this.#end({ error })
  }

  cancelled(_error: unknown, _cause: CancelCause | undefined): void {
    this.#end({})
  }

  #end(outcome: { readonly error?: unknown }): void {
    this.#outcome = outcome
    this.#block.exit()
    this.leave()
    this.#tell(outcome)
  }

  #tell(outcome: { readonly error?: unknown }): void {
    if ('error' in outcome) this.#reject?.(outcome.error)
    else this.#resolve?.()
  }
}
