/** The answer to one question for one kind of worker: what was measured, in a few words, and how good it is. */
export interface PlaceFacts {
  readonly text: string
  readonly verdict: 'good' | 'bad' | 'neutral'
}

/** A table of what kinds of workers can do on this machine, measured: a question a row, a kind of worker a column. */
export interface PlaceTable {
  readonly columns: readonly string[]
  readonly rows: readonly { readonly question: string; readonly how: string; readonly answers: readonly PlaceFacts[] }[]
}
