// A pipeline over real files: its worker is killed in the middle, its last part fails at first, and then it comes every morning.
// `node main.ts report.html` keeps the page that it makes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { call, main } from 'skein'
import { connect } from 'skein/queue'
import { pipeline, survey } from './tasks.ts'

await main(import.meta, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-pipeline-'))
  const store = `sqlite:${join(folder, 'jobs.db')}`
  const page = join(folder, 'out', 'report.html')
  const queue = await connect(store)
  let worker = startWorker(store)
  try {
    const job = await queue.submit(pipeline(packages(), page))
    await worker.until('tasks.measure', 20)
    await worker.kill()
    console.log('killed the worker when 20 packages were measured; another one goes on')
    worker = startWorker(store)

    await job.result().catch((error: Error) => console.log(error.message))
    const before = worker.ended('tasks.measure')
    mkdirSync(dirname(page))
    await queue.retry(job.id)
    await (await queue.job(job.id))?.result() // a handle keeps the end that it has heard of
    await worker.kill('SIGTERM')
    const again = worker.ended('tasks.measure') - before
    console.log(`mended, and tried again from there: ${rows(page)} packages, ${again} of them measured again`)

    worker = startWorker(store)
    const everyMorning = { cron: '0 6 * * *', timeZone: 'Europe/Berlin' }
    const schedule = await queue.schedule('packages', everyMorning, call(survey, packages(), page), { overlap: 'skip' })
    const [next] = await schedule.next(1)
    rmSync(page)
    await (await schedule.run()).result()
    console.log(
      `from now on every morning, the next time ${next?.toISOString()}; at once by hand: ${rows(page)} packages`,
    )
    if (process.argv[2] !== undefined) copyFileSync(page, process.argv[2])
  } finally {
    await worker.kill('SIGTERM')
    await queue.close()
    rmSync(folder, { recursive: true })
  }
})

/** The number of packages in a page. */
function rows(page: string): number {
  return readFileSync(page, 'utf8').split('<tr><td>').length - 1
}

/** The nearest `node_modules` above the library that this example uses, or around it. */
function packages(): string {
  for (let folder = dirname(fileURLToPath(import.meta.resolve('skein'))); folder !== dirname(folder);) {
    folder = dirname(folder)
    if (existsSync(join(folder, 'node_modules'))) return join(folder, 'node_modules')
  }
  throw new Error('There is no node_modules folder: npm install first')
}

interface Worker {
  /** The number of jobs of a task that it has done. */
  ended(task: string): number
  /** Resolves when it has done so many jobs of a task; rejects when it ends before. */
  until(task: string, count: number): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<unknown>
}

/** `skein worker tasks.ts`, as a process of its own that tells of each job. */
function startWorker(store: string): Worker {
  const library = dirname(fileURLToPath(import.meta.resolve('skein')))
  const tasks = fileURLToPath(new URL('./tasks.ts', import.meta.url))
  const command = ['worker', tasks, '--store', store, '--on', 'threads', '--lease', '2s', '--json']
  const child = spawn(process.execPath, [join(library, 'cli/main.js'), ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close') // its output has been read by then
  const ended = new AbortController()
  child.once('close', (code, signal) => ended.abort(new Error(`the worker has ended with ${signal ?? code}`)))
  const done = new Map<string, number>()
  const lines = createInterface(child.stdout).on('line', line => {
    const event = JSON.parse(line) as { type: string; task?: string; outcome?: string }
    if (event.type === 'ended' && event.outcome === 'done')
      done.set(event.task ?? '', (done.get(event.task ?? '') ?? 0) + 1)
  })
  return {
    ended: task => done.get(task) ?? 0,
    async until(task, count) {
      while ((done.get(task) ?? 0) < count) await once(lines, 'line', { signal: ended.signal })
    },
    kill(signal = 'SIGKILL') {
      child.kill(signal)
      return closed
    },
  }
}
