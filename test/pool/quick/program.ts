// Runs a task on a thread and in a process, and prints what each of them has seen.
import { main } from 'skein'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'
import { seen } from './tasks.ts'

await main(import.meta, async () => {
  for (const open of [threads, processes]) {
    const pool = open({ workers: 1 })
    console.log(JSON.stringify(await pool.run(seen)))
    await pool.close()
  }
})
