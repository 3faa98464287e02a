import { DatabaseSync } from 'node:sqlite'
import { OpenWorkflow } from 'openworkflow'
import { BackendSqlite } from 'openworkflow/sqlite'

/** openworkflow on a SQLite file, which it keeps with SQLite's own durability: every commit is flushed to the disk. */
export async function openWorkflows({ directory }) {
  const path = `${directory}/workflows.db`
  const backend = BackendSqlite.connect(path)
  const client = new OpenWorkflow({ backend })
  const chain = client.defineWorkflow({ name: 'chain' }, async ({ input, step }) => {
    let n = 0
    for (let at = 0; at < input.steps; at++) {
      const before = n
      n = await step.run({ name: `step ${at}` }, async () => before + 1)
    }
    return n
  })
  const asleep = client.defineWorkflow({ name: 'asleep' }, async ({ step }) => {
    await step.sleep('a month', '30d')
    return 1
  })
  const reader = new DatabaseSync(path)
  let worker
  return {
    async startWorker(concurrency) {
      worker = client.newWorker({ concurrency })
      await worker.start()
    },
    async stopWorker() {
      await worker?.stop()
      worker = undefined
    },
    runChain: async steps => (await chain.run({ steps })).result(),
    async submitSleepers(count) {
      for (let n = 0; n < count; n++) await asleep.run({})
    },
    // One that sleeps has a step that waits, and nobody works on it.
    async sleeping() {
      const sql = `SELECT count(*) AS n FROM workflow_runs WHERE worker_id IS NULL AND available_at > ?`
      return reader.prepare(sql).get(new Date(Date.now() + 86_400_000).toISOString()).n
    },
    async close() {
      await worker?.stop()
      reader.close()
      await backend.stop()
    },
  }
}
