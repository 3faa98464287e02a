/** One line that a task has written with `s.log`. */
export interface LogLine {
  readonly text: string
  /** The data that belongs to it, for machines. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** The moment at which it was written, in milliseconds since the Unix epoch. */
  readonly time: number
}
