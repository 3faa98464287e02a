import type { Driver } from '#skein/stores/sqlite/file/driver.js'

/** A column of a table of the file. */
export interface Column {
  readonly table: string
  readonly column: string
  /** The expression that tells the rows of its table apart. */
  readonly key: string
}

/** A value, as SQL, that another program has written into a column of a row. */
export interface Damage extends Column {
  readonly value: string
  readonly row: string
}

/** Other types, numbers beyond all bounds, and text that is JSON of another kind than is looked for. */
export const values: readonly string[] = [
  'NULL',
  `''`,
  `'x'`,
  '-1',
  '0',
  '1.5',
  '99',
  '1000000000000000000',
  '-1000000000000000000',
  '9007199254740993',
  '1e300',
  '9e999',
  `x'00ff'`,
  `'5'`,
  `'[]'`,
  `'{}'`,
  `'null'`,
  `'[[{"toString":1}],{"toString":1},{}]'`,
  `'{"source":{},"message":{"toString":null},"deaths":5}'`,
  `'{"source":"deaths","message":"m","deaths":[{"worker":{},"attempt":{},"at":9e99},5,null]}'`,
  `'{"exc_type":{},"exc_message":{"toString":1},"name":5,"stack":{},"message":null,"toString":5}'`,
  `'{"__skein__":{"a":1},"marks":[["date",["a"]]]}'`,
  `'{"__proto__":{"toString":1}}'`,
]

/** The columns of all tables of skein's own in a file, as the file itself tells. */
export function columnsOf(database: Driver): Column[] {
  const tables = database
    .prepare(
      `SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name LIKE 'skein\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .all()
  return tables.flatMap(([table, sql]) => {
    const columns = database.prepare(`SELECT name, pk FROM pragma_table_info('${String(table)}')`).all()
    const first = columns.find(([, pk]) => pk === 1)
    const key = /WITHOUT ROWID/.test(String(sql)) ? String(first?.[0]) : 'rowid'
    return columns.map(([column]) => ({ table: String(table), column: String(column), key }))
  })
}

/** Of each table the last row that is to stay sound. */
export type Sound = ReadonlyMap<string, number>

/** Each value once in a column, each in another row that is not to stay sound. As many as there are rows, from the row `first` on. */
export function damagesFor(
  database: Driver,
  column: Column,
  all: readonly string[],
  sound: Sound,
  first: number = 0,
): Damage[] {
  const numbersRows = database
    .prepare(`SELECT 1 FROM pragma_table_info('${column.table}') WHERE name = '${column.column}' AND pk = 1`)
    .get()
  const rows = rowsOf(database, column).filter(row => !(Number(row) <= (sound.get(column.table) ?? 0)))
  return all.flatMap((value, at) => {
    const row = rows[first + at]
    // The number of a row that no number of JavaScript is: no driver finds that row again.
    const lost = numbersRows !== undefined && value === '9007199254740993'
    return row === undefined || lost ? [] : [{ ...column, value, row }]
  })
}

/** The rows of a table, each as an SQL value that tells it apart. */
function rowsOf(database: Driver, { table, key }: Column): string[] {
  return database
    .prepare(`SELECT quote(${key}) FROM ${table} ORDER BY ${key}`)
    .all()
    .map(([row]) => String(row))
}

/** Does the damage, as another program would. False where SQLite itself does not take that value there. */
export function damage(database: Driver, { table, column, key, value, row }: Damage): boolean {
  try {
    database.exec(`UPDATE ${table} SET ${column} = ${value} WHERE ${key} = ${row}`)
    return true
  } catch (error) {
    if (/constraint|mismatch/i.test(String(error))) return false
    throw error
  }
}
