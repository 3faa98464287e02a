import { createRequire } from 'node:module'
import { StoreError } from '../../../core/errors/errors.ts'
import { fileOfCaller } from '../../../core/report/own-file.ts'
import type { ColumnValue } from '../../roles/transactions.ts'

/** A value that a column may hold. */
export type Value = ColumnValue
/** The columns of a row, in the order of the statement. */
export type Row = readonly Value[]

/** A statement that has been prepared. */
export interface Statement {
  run(...parameters: Value[]): { readonly changes: number | bigint }
  get(...parameters: Value[]): Row | undefined
  all(...parameters: Value[]): Row[]
}

/** The four things that the store needs of a SQLite binding. */
export interface Driver {
  exec(sql: string): void
  prepare(sql: string): Statement
  /** True while a transaction is open; undefined where the binding can't tell. */
  inTransaction(): boolean | undefined
  close(): void
}

/** The methods that `node:sqlite`, `libsql` and `better-sqlite3` have in common. */
export interface Binding {
  exec(sql: string): unknown
  prepare(sql: string): BindingStatement
  close(): unknown
  readonly isTransaction?: boolean
  readonly inTransaction?: boolean
}

interface BindingStatement {
  run(...parameters: Value[]): { readonly changes: number | bigint }
  get(...parameters: Value[]): unknown
  all(...parameters: Value[]): unknown[]
  raw?(): unknown
  setReturnArrays?(on: boolean): void
  setReadBigInts?(on: boolean): unknown
  safeIntegers?(on: boolean): unknown
}

type Opener = (path: string, readOnly: boolean) => Binding

let opener: Opener | undefined

/** Opens a database with what there is: `node:sqlite`, else the package `libsql`. */
export async function openDriver(path: string, readOnly: boolean = false): Promise<Driver> {
  return driverOver(openBinding(path, readOnly))
}

/** The same, as the connection that the package has. */
export function openBinding(path: string, readOnly: boolean): Binding {
  opener ??= builtIn() ?? installed(path)
  return opener(path, readOnly)
}

/** The same four things over a connection that somebody else has opened. */
export function driverOver(binding: Binding): Driver {
  return {
    exec: sql => void binding.exec(sql),
    prepare: sql => statementOf(binding.prepare(sql), sql),
    inTransaction: () => {
      const open: unknown = binding.isTransaction ?? binding.inTransaction
      return typeof open === 'boolean' ? open : undefined
    },
    close: () => void binding.close(),
  }
}

function statementOf(statement: BindingStatement, sql: string): Statement {
  // A connection of somebody else's may have been set to return integers as bigints.
  statement.setReadBigInts?.(false)
  statement.safeIntegers?.(false)
  if (statement.setReturnArrays) {
    statement.setReturnArrays(true)
    return /^\s*select\b/i.test(sql) ? lenient(statement as Statement & BindingStatement) : (statement as Statement)
  }
  if (statement.raw === undefined) {
    return {
      run: (...parameters) => statement.run(...parameters),
      get: (...parameters) => rowOf(statement.get(...parameters)),
      all: (...parameters) => statement.all(...parameters).map(row => rowOf(row) as Row),
    }
  }
  try {
    statement.raw()
  } catch {
    // A statement that returns no rows has none to return as arrays.
  }
  // In an array, since a single null or Uint8Array would be taken for an object with named parameters.
  const { run, get, all } = statement as unknown as Record<'run' | 'get' | 'all', (parameters: Value[]) => unknown>
  return {
    run: (...parameters) => run.call(statement, parameters) as { changes: number },
    get: (...parameters) => rowOf(get.call(statement, parameters)),
    all: (...parameters) => all.call(statement, parameters) as Row[],
  }
}

/**
 * `node:sqlite` refuses to read an integer that is too large for a number, and with it all rows of a statement. The store
 * writes none; what somebody else has written is read as the nearest number. Only for what merely looks: it is run twice.
 */
function lenient(statement: Statement & BindingStatement): Statement {
  const reading = <T>(read: () => T, narrow: (value: T) => T): T => {
    try {
      return read()
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_OUT_OF_RANGE') throw error
    }
    statement.setReadBigInts?.(true)
    try {
      return narrow(read())
    } finally {
      statement.setReadBigInts?.(false)
    }
  }
  return {
    run: (...parameters) => statement.run(...parameters),
    get: (...parameters) =>
      reading(
        () => statement.get(...parameters),
        row => row && narrowed(row),
      ),
    all: (...parameters) =>
      reading(
        () => statement.all(...parameters),
        rows => rows.map(narrowed),
      ),
  }
}

function narrowed(row: Row): Row {
  return row.map(value => (typeof value === 'bigint' ? Number(value) : value))
}

function rowOf(row: unknown): Row | undefined {
  if (row === undefined || row === null) return undefined
  return Array.isArray(row) ? (row as Row) : (Object.values(row) as Row)
}

function builtIn(): Opener | undefined {
  const { DatabaseSync } = (quietly(() => process.getBuiltinModule?.('node:sqlite')) ?? {}) as {
    DatabaseSync?: new (path: string, options: object) => Binding
  }
  return DatabaseSync && ((path, readOnly) => new DatabaseSync(path, { readOnly, timeout: 0 }))
}

/** Without the warning that SQLite is new in this version of Node: that is not news to the user of a queue. */
function quietly<T>(action: () => T): T {
  const emit = process.emitWarning
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!/SQLite is an experimental feature/.test(String(warning))) emit.call(process, warning, ...rest)
  }) as typeof emit
  try {
    return action()
  } finally {
    process.emitWarning = emit
  }
}

function installed(path: string): Opener {
  let Database: new (path: string, options: object) => Binding
  try {
    // Not an import, so that neither a bundler nor the type checker looks for a package that need not be there.
    Database = createRequire(fileOfCaller() ?? `${process.cwd()}/`)('libsql') as typeof Database
  } catch (cause) {
    const { code } = cause as { code?: unknown }
    if (code === 'ERR_DLOPEN_DISABLED') {
      throw new StoreError(
        'SKEIN_STORE_DRIVER',
        `Node.js ${process.versions.node} has no SQLite of its own, and may not load that of the package libsql, which is native code: ` +
          'start it with --allow-addons, too',
        { store: path, cause },
      )
    }
    throw new StoreError(
      'SKEIN_STORE_DRIVER',
      `Node.js ${process.versions.node} has no SQLite of its own, and the package libsql could not be loaded. Run:\n\n  npm install libsql\n`,
      { store: path, cause },
    )
  }
  return (file, readOnly) => new Database(file, { readonly: readOnly, timeout: 0 })
}
