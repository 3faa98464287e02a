/** The end of one item of a `map` with `settle: true`. `index` counts the items from 0. */
export type Settled<R> =
  | { readonly state: 'done'; readonly index: number; readonly value: R }
  | { readonly state: 'failed'; readonly index: number; readonly error: unknown }

/** The results of a `map`: an async iterable, to be read once. */
export interface MapResults<R> extends AsyncIterableIterator<R> {
  /** Reads all results into an array. */
  toArray(): Promise<R[]>
}
