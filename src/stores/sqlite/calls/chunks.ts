/** So many rows go into one statement, where there are as many: what a binding does for each costs more than the rest. */
const chunks: readonly number[] = [40, 8, 1]

/** The fewest rows that are one statement together. */
export const fewestTogether: number = chunks.at(-2) as number

/** The most rows of one statement. */
export const mostAtOnce: number = chunks[0] as number

/** The rows of the next statement, of so many that are left; 0 where none is. */
export function chunkOf(left: number): number {
  return chunks.find(each => each <= left) ?? 0
}

/** The texts of a statement by the number of its rows. */
export function textsFor(text: (size: number) => string): ReadonlyMap<number, string> {
  return new Map(chunks.map(size => [size, text(size)]))
}

/** The same of one whose rows come after VALUES, between two other parts. */
export function statementsFor(head: string, row: (index: number) => string, tail: string): ReadonlyMap<number, string> {
  return textsFor(size => `${head} VALUES ${Array.from({ length: size }, (_, index) => row(index)).join(', ')} ${tail}`)
}

/** Runs a statement with some rows after the other, until all are through. */
export function inChunks<T>(
  all: readonly T[],
  texts: ReadonlyMap<number, string>,
  run: (sql: string, some: readonly T[]) => void,
): void {
  for (let at = 0; at < all.length;) {
    const size = chunkOf(all.length - at)
    run(texts.get(size) as string, all.slice(at, at + size))
    at += size
  }
}
