import type { OutgoingCall, SendOutcome } from './calls.ts'

/**
 * Puts rows of the user's own and the state of calls into one transaction. A store that has it also takes effects: with a
 * settlement, and with a step.
 */
export interface Transactions {
  /**
   * Keeps calls inside a transaction that the caller has open on a connection of its own to the same database: they are
   * there if and only if that is committed. Does not wait for the commit.
   */
  sendInside(database: UserDatabase, calls: readonly OutgoingCall[]): SendOutcome[]
}

/** A statement that is committed together with the acknowledgement, and only while the claim holds. */
export interface Effect {
  readonly sql: string
  readonly parameters: readonly ColumnValue[]
}

/** An open connection of `node:sqlite` or `libsql`: as much of it as is needed. */
export interface UserDatabase {
  exec(sql: string): unknown
  prepare(sql: string): {
    run(...parameters: ColumnValue[]): { readonly changes: number | bigint }
    get(...parameters: ColumnValue[]): unknown
    all(...parameters: ColumnValue[]): unknown[]
  }
}

/** A value that a column of a database may hold. */
export type ColumnValue = string | number | bigint | Uint8Array | null
