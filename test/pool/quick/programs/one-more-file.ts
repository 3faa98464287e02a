// Runs a task in a process where the folders for its files take one of them, and no more.
import fs from 'node:fs'
import { main } from 'skein'
import { seen } from '../tasks.ts'

const { mkdtempSync } = fs
let made = 0
fs.mkdtempSync = ((prefix: string) => {
  if (++made > 1) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  return mkdtempSync(prefix)
}) as typeof mkdtempSync
const { processes } = await import('skein/processes')

await main(import.meta, async () => {
  const pool = processes({ workers: 1 })
  console.log(JSON.stringify(await pool.run(seen)))
  await pool.close()
})
