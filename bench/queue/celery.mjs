import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { venvPython } from '../lib/python.mjs'
import { startRedis } from '../lib/redis.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Celery on Redis, driven by its own client in a Python process: one line of JSON in, one out. */
export async function openQueue({ directory, setting }) {
  const redis = await startRedis(directory, setting)
  const env = { ...process.env, BENCH_REDIS_PORT: String(redis.port) }
  const client = spawn(venvPython, ['celery_client.py'], { cwd: here, env, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]()
  const ask = async question => {
    client.stdin.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error('the Celery client ended')
    return JSON.parse(value)
  }
  const workers = []
  return {
    /** Its client is Python's: what a call costs there is measured there. */
    async figure(what, { count, concurrency, perSecond, repeats }) {
      if (what === 'oneByOne') return ask({ what, count })
      if (what === 'done') await ask({ what: 'fill', count })
      const pool = concurrency === 1 ? ['--pool', 'solo'] : ['--concurrency', String(concurrency)]
      const args = ['-m', 'celery', '-A', 'celery_app', 'worker', '--loglevel', 'error', ...pool]
      workers.push(spawn(venvPython, args, { cwd: here, env, stdio: ['ignore', 'ignore', 'inherit'] }))
      if (what !== 'done') await ask({ what: 'wait' })
      return ask({ what, count, perSecond, repeats })
    },
    async close() {
      for (const worker of workers) worker.kill('SIGKILL')
      client.kill()
      redis.stop()
    },
  }
}
