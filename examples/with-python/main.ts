// A worker of Celery and one of skein over one Redis server: each calls the other. It needs that server, and Celery: see README.md
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, main, sleep } from 'skein'
import { connect, type DurableJob, type DurableQueue, type QueueWorker, work } from 'skein/queue'
import { language as inEither, longest, words } from './python-tasks.ts'
import { center, language, lengths, stamp } from './web.ts'

const { REDIS_URL: store = 'redis://127.0.0.1:6379/0', PYTHON = 'python3' } = process.env
const folder = mkdtempSync(join(tmpdir(), 'skein-with-python-'))

await main(import.meta, async () => {
  const queue = await connect(store)
  const tasks = [center, language, lengths, stamp]
  const worker = await work({ store, tasks, queues: ['skein', 'both'], on: 'loop', concurrency: 1 })
  const celery = python('-m', 'celery', '-q', '-A', 'proj', 'worker', '-P', 'solo', '-Q', 'python,both', '-l', 'error')
  try {
    await Promise.race([talk(queue, worker), ended(celery).then(() => Promise.reject(new Error('Celery has ended')))])
  } finally {
    await stop(celery)
    await worker.close()
    await queue.close()
    rmSync(folder, { recursive: true })
  }
})

async function talk(queue: DurableQueue, worker: QueueWorker): Promise<void> {
  // TypeScript asks Python, by the contracts that `skein celery types` has written.
  const found = await queue.run(words, 'a chain is as strong as its weakest link')
  console.log('TypeScript asks Python:', found.join(', '))
  console.log('TypeScript asks by a keyword:', await queue.run(longest, found, { least: 3 }))
  const failed = await queue.submit(longest, found, { least: 99 })
  const error = (await failed.result().catch((reason: unknown) => reason)) as Error & { args: unknown[] }
  console.log(`TypeScript catches an error of Python's: ${error.name}(${error.args.join(', ')})`)
  console.log('with its traceback:', error.stack?.includes('proj.py'))

  // Python asks TypeScript, by the objects that `skein celery stubs` has written. It prints by itself.
  const ask = python('ask.py')
  ask.stdout?.pipe(process.stdout)
  await ended(ask)

  console.log('One queue, workers of two languages:', (await languages(queue)).join(' and '))

  const stamped = firstOf(worker, 'web.stamp')
  const beat = python(
    '-m',
    'celery',
    '-q',
    '-A',
    'proj',
    'beat',
    '-s',
    join(folder, 'beat'),
    '--pidfile=',
    '-l',
    'error',
  )
  console.log('A beat in Python has a task in TypeScript run:', await stamped)
  await stop(beat)

  const schedule = await queue.schedule('with-python', { every: '1s' }, call(words, 'in time'), { times: 1 })
  const [term] = await schedule.next(1)
  const timely = await (await jobOf(queue, `with-python@${term?.toISOString()}`)).result()
  console.log('A schedule in TypeScript has a task in Python run:', timely)
  await schedule.remove()
}

/** The job of a term of a schedule, once it is there. */
async function jobOf(queue: DurableQueue, id: string): Promise<DurableJob<readonly string[]>> {
  for (;;) {
    const job = await queue.job<readonly string[]>(id)
    if (job !== undefined) return job
    await sleep('50ms')
  }
}

/** The languages of the workers that take from the queue `both`: asks until both have answered. */
async function languages(queue: DurableQueue): Promise<string[]> {
  const seen = new Set<string>()
  while (seen.size < 2) {
    const jobs = await Promise.all(Array.from({ length: 10 }, () => queue.submit(inEither)))
    for (const job of jobs) seen.add(await job.result())
  }
  return [...seen].sort()
}

/** Resolves with the name of a task when a worker has run it for the first time. */
function firstOf(worker: QueueWorker, task: string): Promise<string> {
  return new Promise(resolve => {
    const end = worker.observe(event => {
      if (event.type !== 'ended' || event.task !== task) return
      end()
      resolve(task)
    })
  })
}

/** Starts Python in this folder, where the project is. */
function python(...args: string[]): ChildProcess {
  const env = { ...process.env, REDIS_URL: store, PYTHONDONTWRITEBYTECODE: '1' }
  return spawn(PYTHON, args, { cwd: import.meta.dirname, env, stdio: ['ignore', 'pipe', 'inherit'] })
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} has ended with ${code}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
