import { Wait } from './waits.ts'

/** A wait until a scope has nothing left to wait for; the scope settles it. */
export class JoinWait extends Wait<void> {
  readonly #joins: Set<Wait<void>>

  constructor(joins: Set<Wait<void>>) {
    super()
    this.#joins = joins
    joins.add(this)
  }

  override describe(): string {
    return 'all that was started in it'
  }

  protected override free(): void {
    this.#joins.delete(this)
  }
}
