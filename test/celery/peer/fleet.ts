import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readEnvelope } from '#skein/celery/envelope.js'
import { type ReceivedEvent, readEvents } from '#skein/celery/remote/events.js'
import { root } from '../../support/paths.ts'
import { type celeryOf, startRedis } from '../../support/services.ts'
import { sound } from '../samples.ts'
import { RedisLink } from './redis-link.ts'

// oxlint-disable-next-line no-explicit-any
type Loose = any

/** A Redis server, and programs in Python that use it. */
export interface Fleet {
  readonly url: string
  readonly port: number
  readonly link: RedisLink
  /** Starts a worker; resolves with what ends it once it is ready. */
  worker(name: string, ...options: string[]): Promise<PythonWorker>
  /** The value of an expression in a client. */
  python(expression: string): Promise<Loose>
  /** What a command of `celery` says, and how it ends. */
  celery(...args: string[]): Promise<{ readonly text: string; readonly code: number }>
  /** Starts a command of `celery` that goes on until it is ended. */
  dump(...args: string[]): { text(): string; end(): Promise<void> }
  /** Resolves with the first event that fits. Ask before it can come. */
  event(fits: (event: ReceivedEvent) => boolean): Promise<ReceivedEvent>
  /** Resolves once something is so, of which the server tells nobody. */
  until(check: () => Promise<boolean>): Promise<void>
  stop(): Promise<void>
}

/** A worker in Python. */
interface PythonWorker {
  readonly pid: number
  end(signal?: NodeJS.Signals): Promise<void>
}

/** Why a fleet cannot be started; undefined where it can. */
export async function missingFor(environment: ReturnType<typeof celeryOf>): Promise<string | undefined> {
  const redis = await startRedis()
  if (redis.missing !== undefined) return redis.missing
  await redis.stop()
  return (await environment).missing
}

export async function startFleet(environment: ReturnType<typeof celeryOf>): Promise<Fleet> {
  const [redis, found] = await Promise.all([startRedis(), environment])
  if (redis.missing !== undefined || found.missing !== undefined) throw new Error(redis.missing ?? found.missing)
  const { python } = found
  const options = {
    cwd: join(root, 'test/celery/peer'),
    env: { ...process.env, SKEIN_REDIS: redis.url, PYTHONDONTWRITEBYTECODE: '1' },
  }
  const running = new Set<ChildProcess>()
  let said = ''
  const start = (...args: string[]): ChildProcess => {
    const child = spawn(python, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-3_000)))
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    running.add(child)
    child.once('exit', () => {
      process.off('exit', kill)
      running.delete(child)
    })
    return child
  }
  const end = async (child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  const link = await RedisLink.open(redis.port)
  const heard = await RedisLink.open(redis.port)
  const listeners = new Set<(event: ReceivedEvent) => void>()
  heard.onMessage = (_, text) => {
    for (const event of sound(readEvents(sound(sound(readEnvelope(text)).body) as string)))
      for (const each of listeners) each(event)
  }
  await heard.ask('PSUBSCRIBE', '/0.celeryev/*')
  const event: Fleet['event'] = fits =>
    new Promise(resolve => {
      const each = (one: ReceivedEvent): void => {
        if (!fits(one)) return
        listeners.delete(each)
        resolve(one)
      }
      listeners.add(each)
    })
  const client = start('client.py')
  const answers = createInterface({ input: client.stdout! })[Symbol.asyncIterator]()
  let asking: Promise<unknown> = Promise.resolve()
  return {
    url: redis.url,
    port: redis.port,
    link,
    event,
    worker: async (name, ...more) => {
      const online = event(({ type, hostname }) => type === 'worker-online' && hostname === name)
      const child = start('-m', 'celery', '-q', '-A', 'proj', 'worker', '-n', name, '-E', '-l', 'error', ...more)
      const died = once(child, 'exit').then(([code]) =>
        assert.fail(`the worker of Python has ended with ${code}: ${said}`),
      )
      await Promise.race([online, died])
      died.catch(() => {})
      return { pid: child.pid as number, end: signal => end(child, signal) }
    },
    python: expression => {
      const asked = asking.then(async () => {
        client.stdin!.write(`${JSON.stringify(expression)}\n`)
        const { value } = await answers.next()
        const { answer, error } = JSON.parse(value as string) as Loose
        assert.equal(error, undefined, expression)
        return answer as Loose
      })
      asking = asked.catch(() => {})
      return asked
    },
    celery: (...args) =>
      new Promise(resolve => {
        execFile(python, ['-m', 'celery', '-q', '-A', 'proj', ...args], options, (error, stdout, stderr) =>
          resolve({ text: stdout + stderr, code: error === null ? 0 : Number(error.code) }),
        )
      }),
    dump: (...args) => {
      const child = start('-u', '-m', 'celery', '-q', '-A', 'proj', ...args)
      let text = ''
      child.stdout!.setEncoding('utf8').on('data', (more: string) => (text += more))
      return {
        text: () => text,
        end: () => end(child),
      }
    },
    until: async check => {
      while (!(await check())) await new Promise(resolve => setImmediate(resolve))
    },
    stop: async () => {
      for (const child of running) await end(child)
      link.close()
      heard.close()
      await redis.stop()
    },
  }
}
