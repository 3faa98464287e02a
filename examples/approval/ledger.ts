import { appendFile, readFile } from 'node:fs/promises'

/** An entry of a ledger. One that is written twice, since a step may run twice, counts once: it has an id. */
export interface Entry {
  readonly id: string
  readonly cents: number
}

/** Writes an entry into a ledger: a text file with one entry a line. */
export async function enter(file: string, entry: Entry): Promise<Entry> {
  await appendFile(file, `${JSON.stringify(entry)}\n`, { flush: true })
  return entry
}

/** All entries of a ledger, each once. */
export async function entries(file: string): Promise<Entry[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const lines = text.split('\n').filter(line => line !== '')
  return [...new Map(lines.map(line => JSON.parse(line) as Entry).map(entry => [entry.id, entry])).values()]
}

/** What is left of so much money. */
export async function balance(file: string, budget: number): Promise<number> {
  return (await entries(file)).reduce((sum, { cents }) => sum + cents, budget)
}
