/** Says that there is nothing to send back: a leaf of which nothing was left. */
export const nothingLeft: unique symbol = Symbol('nothing left')

/** The thing that a lane puts values into, and that says what goes back of them. */
export interface Sink {
  /** Takes the next value. */
  add(value: unknown): void
  /** A block begins: those of a lane come in their order, but others may be in between. */
  begin?(block: number): void
  /** Values follow that begin at this place of their list. */
  from?(place: number): void
  /** Returns what goes back of a leaf, a block or a lane; from here on it is about the next one. */
  take(): unknown
}

/** The other side of a sink: what the program makes of all that comes back. */
export interface Gathering<R = unknown> {
  /** Takes what has come back of a block, in the order of the blocks: of one with leaves, a list with one element for each. */
  block?(result: unknown): void
  /** Takes what a lane had at its end. The lanes come in no order. */
  lane?(state: unknown): void
  result(): R
}

/** Makes of a value what it is sorted, grouped or counted by. */
export type Selector = (value: unknown) => unknown
