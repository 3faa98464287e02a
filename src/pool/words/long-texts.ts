/** Texts with more characters than this go beside the message, where there is room for them. */
export const longText = 8_192

/** The place where a writer puts strings that are too long for a message. */
export interface TextTarget {
  /** The position up to which it is written. A writer that gives up a message sets it back to where it was. */
  position: number
  /**
   * Writes a string with one byte for each character, or two if it is wide. Returns its place, for the reader; -1 when there
   * is no room.
   */
  write(text: string, isWide: boolean): number
}

/** The place where a reader finds the strings that a TextTarget has taken, in the same order. */
export interface TextSource {
  read(at: number, length: number, isWide: boolean): string
}
