/** The little that this example needs of a SQLite binding, to look into the file beside the queue. */
interface Database {
  prepare(sql: string): { get(): unknown }
  close(): unknown
}

/** Opens a SQLite file with what there is: `node:sqlite` of Node 22.13 and later, else the package libsql. */
export async function openDatabase(path: string): Promise<Database> {
  const builtIn = await import('node:sqlite' as string).catch(() => undefined)
  if (builtIn) return new builtIn.DatabaseSync(path) as Database
  const installed = await import('libsql' as string)
  return new installed.default(path) as Database
}
