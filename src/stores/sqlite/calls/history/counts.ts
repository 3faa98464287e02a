import type { Database } from '../../file/database.ts'
import type { Row } from '../../file/driver.ts'
import { parts } from '../../file/schema.ts'

/** The number and the bytes of the calls in each part of history, as they will be once the transaction is over. */
export class HistoryCounts {
  readonly #database: Database
  #numbers: number[]
  /** True when they are others than in the file. */
  hasChanged = false

  constructor(database: Database, row: Row) {
    this.#database = database
    this.#numbers = row.map(each => (Number.isSafeInteger(each) ? (each as number) : -1))
    // Impossible ones.
    if (this.#numbers.some(each => each < 0)) this.recount()
  }

  /** In the order of `countColumns`. */
  get numbers(): readonly number[] {
    return this.#numbers
  }

  count(part: number): number {
    return this.#numbers[part * 2] as number
  }

  bytes(part: number): number {
    return this.#numbers[part * 2 + 1] as number
  }

  /**
   * So many calls more, or less. One that is in no part is not counted; a row whose own count of bytes is damaged is left out, and
   * where a sum comes to be below 0, it was wrong before.
   */
  add(part: unknown, count: number, bytes: number): void {
    if (part !== 0 && part !== 1 && part !== 2) return
    const numbers = this.#numbers
    this.hasChanged = true
    numbers[part * 2] = this.count(part) + count
    const sum = this.bytes(part) + bytes
    if (Number.isSafeInteger(sum)) numbers[part * 2 + 1] = sum
    if (sum < 0 || this.count(part) < 0) this.recount()
  }

  /** Counts anew. No call has more bytes than the whole file. */
  recount(): void {
    // Asked first: in one statement it would be asked again for each row.
    const [size] = this.#database.get('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size') as [
      number,
    ]
    const rows = this.#database.all(
      `SELECT history, count(*), coalesce(sum(iif(typeof(bytes) = 'integer' AND bytes BETWEEN 0 AND ?, bytes, 0)), 0)
       FROM skein_call WHERE ended IS NOT NULL GROUP BY history`,
      size,
    ) as [number, number, number][]
    this.hasChanged = true
    this.#numbers = parts.flatMap(part => rows.find(([each]) => each === part)?.slice(1) ?? [0, 0])
  }
}
