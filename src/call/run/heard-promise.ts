/**
 * A promise that knows whether anybody waits for it.
 *
 * An `await` of a plain promise leaves no trace. That of a promise of another class goes through its `then`, like all the
 * others who wait: `Promise.all`, `s.wait`, `return` in an async function. Each of them costs one microtask more, which is why
 * only scopes use it.
 */
export class HeardPromise<T> extends Promise<T> {
  #isHeard = false

  /** Makes what comes out of `then` an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  get isHeard(): boolean {
    return this.#isHeard
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a promise is a thenable
  override then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isHeard = true
    return super.then(onValue, onError)
  }
}
