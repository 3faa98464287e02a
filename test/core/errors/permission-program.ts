// Uses one thing of skein, and says in a line of JSON whether it could, or with which error it could not.
import { isMainThread } from 'node:worker_threads'
import { task } from 'skein'
import { processes } from 'skein/processes'
import { connect } from 'skein/queue'
import { threads } from 'skein/threads'

export const one = task(import.meta, function one(): number {
  return 1
})

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  async threads() {
    await using pool = threads({ workers: 1 })
    await pool.run(one)
  },
  async processes() {
    await using pool = processes({ workers: 1 })
    await pool.run(one)
  },
  async connect() {
    await using queue = await connect(`sqlite:${process.argv[3]}`)
    await queue.storeStats()
  },
}

if (isMainThread && process.argv[2] !== undefined) {
  try {
    await ways[process.argv[2]]!()
    console.log('{}')
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    console.log(JSON.stringify({ code, message }))
  }
}
