/** The distance that a slow reader may be behind before the oldest values that may be left out are left out. */
const longestBacklog = 1024

/** One reader of a live series: what has come and was not read yet, or who waits for the next. */
export class Reader<T> implements AsyncIterableIterator<T> {
  readonly #unsubscribe: (reader: Reader<T>) => void
  readonly #mayDrop: (value: T) => boolean
  #backlog: T[] = []
  #asking: ((result: IteratorResult<T>) => void)[] = []
  #ended = false

  /**
   * @param unsubscribe called when the reader leaves before the end
   * @param mayDrop which values a reader who is far behind may lose
   */
  constructor(unsubscribe: (reader: Reader<T>) => void, mayDrop: (value: T) => boolean) {
    this.#unsubscribe = unsubscribe
    this.#mayDrop = mayDrop
  }

  push(value: T): void {
    if (this.#ended) return
    const ask = this.#asking.shift()
    if (ask) return ask({ value, done: false })
    if (this.#backlog.length >= longestBacklog) {
      const oldest = this.#backlog.findIndex(this.#mayDrop)
      if (oldest >= 0) this.#backlog.splice(oldest, 1)
    }
    this.#backlog.push(value)
  }

  end(): void {
    this.#ended = true
    for (const ask of this.#asking.splice(0)) ask({ value: undefined, done: true })
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#backlog.length > 0) return Promise.resolve({ value: this.#backlog.shift() as T, done: false })
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    return new Promise(resolve => this.#asking.push(resolve))
  }

  return(): Promise<IteratorResult<T>> {
    this.#backlog = []
    this.end()
    this.#unsubscribe(this)
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
