// Puts a folder of real files through a durable queue, and kills the worker in the middle.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { main } from 'skein'
import { connect } from 'skein/queue'
import { sqliteConnection } from 'skein/stores/sqlite'
import { measure, prepare } from './tasks.ts'

/** Where the skein that this example uses is installed: its own compiled files are what is measured. */
const library = dirname(fileURLToPath(import.meta.resolve('skein')))

await main(import.meta, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-jobs-'))
  const store = `sqlite:${join(folder, 'jobs.db')}`
  const files = readdirSync(library, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.js'))
    .map(name => join(library, name))
  const queue = await connect(store)
  let worker = startWorker(store)
  try {
    await queue.run(prepare)
    // Each of these is on disk when submit has resolved: from here on nothing can lose it.
    const jobs = await Promise.all(files.map(file => queue.submit(measure, file)))
    console.log(`submitted a job for each of ${jobs.length} files`)

    let done = 0
    let killed: Promise<unknown> | undefined
    const results = await Promise.all(
      jobs.map(async job => {
        const result = await job.result()
        if (++done === Math.floor(jobs.length / 3)) {
          console.log(`killed the worker when ${done} were done`)
          killed = worker.kill()
          worker = startWorker(store)
        }
        return result
      }),
    )
    await killed
    console.log(`${results.length} results, ${results.reduce((sum, each) => sum + each.lines, 0)} lines in all`)

    const database = sqliteConnection(join(folder, 'jobs.db')) // the SQLite that skein uses, to look into the file
    const row = database.prepare('SELECT count(*) AS n, count(DISTINCT path) AS files FROM files').get() as {
      n: number
      files: number
    }
    database.close()
    console.log(`${row.n} rows, ${row.n - row.files} of them twice, ${files.length - row.files} missing`)
  } finally {
    await worker.kill('SIGTERM')
    await queue.close()
    rmSync(folder, { recursive: true })
  }
})

/** `skein worker tasks.ts`, as a process of its own. */
function startWorker(store: string): { kill(signal?: NodeJS.Signals): Promise<unknown> } {
  const tasks = fileURLToPath(new URL('./tasks.ts', import.meta.url))
  const command = [
    join(library, 'cli/main.js'),
    'worker',
    tasks,
    '--store',
    store,
    '--on',
    'loop',
    '--lease',
    '2s',
    '--quiet',
  ]
  const child = spawn(process.execPath, command, { stdio: 'inherit' })
  const ended = new Promise(resolve => child.once('exit', resolve))
  return {
    kill(signal = 'SIGKILL') {
      child.kill(signal)
      return ended
    },
  }
}
