import type { Driver, Row, Statement, Value } from './driver.ts'

/** A connection that keeps what it has prepared. Statements are written where they are used, and found by their text. */
export class Database {
  readonly #driver: Driver
  readonly #statements = new Map<string, Statement>()

  constructor(driver: Driver) {
    this.#driver = driver
  }

  exec(sql: string): void {
    this.#driver.exec(sql)
  }

  /** Runs a statement, and returns the number of rows that were changed. */
  run(sql: string, ...parameters: Value[]): number {
    return Number(this.#prepared(sql).run(...parameters).changes)
  }

  get(sql: string, ...parameters: Value[]): Row | undefined {
    return this.#prepared(sql).get(...parameters)
  }

  all(sql: string, ...parameters: Value[]): Row[] {
    return this.#prepared(sql).all(...parameters)
  }

  /** Runs a statement that is not the store's own, and does not keep it. */
  runForeign(sql: string, parameters: readonly Value[]): void {
    const statement = this.#driver.prepare(sql)
    // A statement that returns rows has to be read to its end, or it has not been run.
    if (/^\s*(?:select|with|values)\b|\breturning\b/i.test(sql)) statement.all(...parameters)
    else statement.run(...parameters)
  }

  inTransaction(): boolean | undefined {
    return this.#driver.inTransaction()
  }

  close(): void {
    this.#statements.clear()
    this.#driver.close()
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) this.#statements.set(sql, (statement = this.#driver.prepare(sql)))
    return statement
  }
}
