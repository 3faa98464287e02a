// A task that takes its process down fails its own call, and nothing else.
import { main, WorkerCrashedError } from 'skein'
import { processes } from 'skein/processes'
import { convert } from './tasks.ts'

await main(import.meta, async () => {
  const documents = ['letter', 'invoice', 'cursed', 'report', 'poisoned', 'memo']
  const pool = processes({ workers: 2 })
  for await (const result of pool.map(convert, documents, { settle: true, chunk: 1 })) {
    const name = documents[result.index]
    if (result.state === 'done') console.log(`${name}: ${result.value}`)
    else if (result.error instanceof WorkerCrashedError) {
      const { exitCode, signal } = result.error
      console.log(`${name}: its process died (${signal ?? `exit code ${exitCode}`})`)
    } else console.log(`${name}: ${String(result.error)}`)
  }
  console.log(`${pool.stats().crashed} processes died, the program goes on: ${await pool.run(convert, 'farewell')}`)
  await pool.close()
})
