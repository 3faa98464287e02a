import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { readEnvelope, writeEnvelope } from '#skein/celery/envelope.js'
import { bindingsKey, channelOf, readBinding } from '#skein/celery/redis-keys.js'
import { readCommand, writeReply } from '#skein/celery/remote/control.js'
import { sound } from '../../celery/samples.ts'
import { RedisLink, type Reply } from '../../celery/peer/redis-link.ts'
import { root } from '../../support/paths.ts'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'
import { celery, notTested, redisProgram } from '../../support/services.ts'
import { skein } from '../skein.ts'

/** A folder inside of the repository, so that 'skein' is this package. */
function folderOf(t: TestContext): string {
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build', 'types-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const project = `
from __future__ import annotations
import datetime, enum, os, typing
from celery import Celery

app = Celery("proj", broker=os.environ.get("SKEIN_REDIS", "redis://127.0.0.1:1/0"))
app.conf.task_routes = {"other.*": "others"}
print("this is for people, and not a part of the answer")


class Size(str, enum.Enum):
    S = "s"
    L = "l"


class Order(typing.TypedDict):
    id: int
    note: NotRequired[str | None]


NotRequired = typing.NotRequired if hasattr(typing, "NotRequired") else typing.Optional


@app.task
def add(x: int, y: int = 0) -> int:
    """Adds
    two numbers.

    More."""
    return x + y


@app.task(bind=True, autoretry_for=(OSError,))
def load(self, url: str, *, size: Size = Size.S) -> dict[str, list[float]]: ...


@app.task(name="other.add", ignore_result=True)
def other(when: datetime.datetime, *more: float) -> None: ...


@app.task
def ship(order: Order, how: typing.Literal["air", "sea"]) -> tuple[int, bytes]: ...


@app.task
def plain(a, b=1): ...
`

const use = `
import { queueIn } from 'skein/queue'
import * as python from './python-tasks.ts'

declare const queue: ReturnType<typeof queueIn>
const sum: number = await queue.run(python.projAdd, 1)
await queue.run(python.projAdd, 1, { y: 2 })
const loaded: Readonly<Record<string, readonly number[]>> = await queue.run(python.load, 'x', { size: 'l' })
await queue.submit(python.otherAdd, new Date(), 1, 2)
const shipped: readonly [number, Uint8Array] = await queue.run(python.ship, { id: 1 }, 'air')
await queue.run(python.plain, 1, {})
// @ts-expect-error a string is not a number
await queue.run(python.projAdd, '1')
// @ts-expect-error there is no such size
await queue.run(python.load, 'x', { size: 'xl' })
// @ts-expect-error an order has an id
await queue.run(python.ship, {}, 'air')
export { loaded, shipped, sum }
`

describe('skein celery types, of a project', () => {
  test('writes contracts with the types of Python, which the compiler checks', async t => {
    const python = await celery()
    if (python.missing !== undefined) return notTested(t, python.missing)
    const folder = folderOf(t)
    writeFileSync(join(folder, 'proj.py'), project)
    const words = ['celery', 'types', '--project', 'proj:app', '--python', python.python]
    const { code, stdout, stderr } = await skein(folder, [...words, '--out', 'python-tasks.ts'])
    assert.equal(code, 0, stderr)
    assert.equal(stdout, '5 contracts in python-tasks.ts.\n')
    const text = readFileSync(join(folder, 'python-tasks.ts'), 'utf8')
    assert.match(
      text,
      /\/\*\* Adds two numbers\. \*\/\nexport const projAdd = contract<\(x: number, options\?: \{ readonly y\?: number \}\) => number>\('proj\.add', \{ keywords: true, queue: 'celery' \}\)/,
    )
    assert.match(
      text,
      /load = contract<\(url: string, options\?: \{ readonly size\?: 's' \| 'l' \}\) => Readonly<Record<string, readonly number\[\]>>>/,
    )
    assert.match(
      text,
      /\/\*\* Its result is not kept.+\*\/\nexport const otherAdd = contract<\(when: Date, \.\.\.more: readonly number\[\]\) => unknown>\('other\.add', \{ floats: true, queue: 'others' \}\)/,
    )
    const printed = await skein(folder, words)
    assert.equal(printed.stdout, text)

    writeFileSync(join(folder, 'use.ts'), use)
    const compilerOptions = {
      noEmit: true,
      strict: true,
      module: 'nodenext',
      target: 'es2022',
      allowImportingTsExtensions: true,
      skipLibCheck: true,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const checked = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch(
      (error: unknown) => error as { stdout: string },
    )
    assert.equal(checked.stdout, '')
  })

  test('describes them for programs', async t => {
    const python = await celery()
    if (python.missing !== undefined) return notTested(t, python.missing)
    const folder = folderOf(t)
    writeFileSync(join(folder, 'proj.py'), project)
    const { stdout } = await skein(folder, ['celery', 'types', '-A', 'proj', '--python', python.python, '--json'])
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { task: string; parameters: object[] })
    assert.deepEqual(
      lines.map(each => each.task),
      ['other.add', 'proj.add', 'proj.load', 'proj.plain', 'proj.ship'],
    )
    assert.deepEqual(lines[1]?.parameters, [
      { name: 'x', kind: 'either', required: true, type: { is: 'int' } },
      { name: 'y', kind: 'either', required: false, type: { is: 'int' } },
    ])
  })

  test('says that a project has none', async t => {
    const python = await celery()
    if (python.missing !== undefined) return notTested(t, python.missing)
    const folder = folderOf(t)
    writeFileSync(join(folder, 'empty.py'), 'from celery import Celery\napp = Celery("empty")\n')
    const words = ['celery', 'types', '--project', 'empty', '--python', python.python]
    const { code, stdout, stderr } = await skein(folder, words)
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /empty has no tasks/)
  })

  test('says what Python says where it cannot be imported', async t => {
    const python = await celery()
    if (python.missing !== undefined) return notTested(t, python.missing)
    const folder = folderOf(t)
    writeFileSync(join(folder, 'broken.py'), 'raise RuntimeError("no luck today")\n')
    const run = (...words: string[]): ReturnType<typeof skein> => skein(folder, ['celery', 'types', ...words])
    const broken = await run('--project', 'broken', '--python', python.python)
    assert.deepEqual([broken.code, broken.stdout], [2, ''])
    assert.match(broken.stderr, /could not import the Celery application broken: RuntimeError: no luck today/)
    const gone = await run('--project', 'gone', '--python', join(folder, 'no-python'))
    assert.equal(gone.code, 2)
    assert.match(gone.stderr, /There is no program .+no-python.+--python/)
  })
})

/** Answers for workers until the test ends; `answers` are the bodies of all of them. */
async function workers(
  t: TestContext,
  server: RedisServer,
  answers: (ticket: string) => readonly { headers: string; body: string }[],
): Promise<void> {
  const link = await RedisLink.open(server.port)
  const heard = await RedisLink.open(server.port)
  t.after(() => {
    link.close()
    heard.close()
  })
  heard.onMessage = (_channel, text) => void answer(text)
  await heard.ask('PSUBSCRIBE', channelOf('celery.pidbox', ''))
  async function answer(text: string): Promise<void> {
    const { headers, body } = sound(readEnvelope(text))
    const { method, reply } = sound(readCommand({ headers, body: sound(body) }))
    assert.equal(method, 'registered')
    const { exchange, routingKey, ticket } = reply!
    const [binding] = ((await link.ask('SMEMBERS', bindingsKey(exchange))) as Reply[]).map(each =>
      readBinding(String(each))!,
    )
    assert.equal(binding?.routingKey, routingKey)
    for (const each of answers(ticket))
      await link.ask(
        'LPUSH',
        binding.queue,
        writeEnvelope({ ...each, exchange, routingKey, durable: false, deliveryTag: randomUUID() }),
      )
  }
}

describeRedis('skein celery types, of workers', () => {
  test('writes contracts for the names that they know, and leaves nothing on the server', async t => {
    const server = await freshRedis()
    t.after(() => server.stop())
    await workers(t, server, ticket => [
      writeReply(ticket, 'one@host', 1, ['proj.add', 'proj.limited [rate_limit=10/m]', 5]),
    ])
    // Its answer is the only one to come, so that nobody waits for the hour.
    const { code, stdout, stderr } = await skein(root, ['celery', 'types', '--store', server.url, '--timeout', '1h'])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /export const add = contract<\(\.\.\.args: unknown\[\]\) => unknown>\('proj\.add'\)/)
    assert.match(stdout, /export const limited = contract<.+>\('proj\.limited'\)/)
    assert.equal(await server.text('KEYS', '*'), '')
  })

  test('does not mind what cannot be read', async t => {
    const server = await freshRedis()
    t.after(() => server.stop())
    await workers(t, server, ticket => [
      writeReply(ticket, 'odd@host', 1, { error: 'no' }),
      writeReply(ticket, 'one@host', 1, ['a.b']),
    ])
    const ended = await skein(root, ['celery', 'types', '-s', server.url, '--timeout', '1s', '--json'])
    // The first answer is the last that is waited for, since one worker was asked.
    assert.equal(ended.code, 1)
    assert.match(ended.stderr, /No worker has answered/)
  })

  test('says that nobody has answered', async t => {
    const server = await freshRedis()
    t.after(() => server.stop())
    const { code, stdout, stderr } = await skein(root, ['celery', 'types'], { env: { SKEIN_STORE: server.url } })
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /No worker has answered/)
  })
})

describe('skein celery types, of workers in Python', () => {
  test('says which of them know a task of the project', async t => {
    const [python, { missing }] = await Promise.all([celery(), redisProgram()])
    if (python.missing !== undefined || missing !== undefined)
      return notTested(t, (python.missing ?? missing) as string)
    const server = await freshRedis()
    const folder = folderOf(t)
    writeFileSync(join(folder, 'proj.py'), project)
    const env = { ...process.env, SKEIN_REDIS: server.url }
    const options = ['-P', 'solo', '--without-gossip', '--without-mingle', '-n', 'py@host', '-l', 'info']
    const worker = spawn(python.python, ['-m', 'celery', '-A', 'proj', 'worker', ...options], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.after(async () => {
      if (worker.exitCode === null) worker.kill('SIGKILL')
      await server.stop()
    })
    let said = ''
    await new Promise<void>((resolve, reject) => {
      worker.once('exit', code => reject(new Error(`The worker has ended with ${code}: ${said}`)))
      worker.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes(' ready.')) resolve()
      })
    })
    writeFileSync(join(folder, 'more.py'), `${project}\n@app.task(name="proj.unborn")\ndef unborn(): ...\n`)
    const words = ['celery', 'types', '--store', server.url, '--timeout', '20s', '--python', python.python]
    const { code, stdout, stderr } = await skein(folder, [...words, '--project', 'more', '--json'])
    assert.equal(code, 0, stderr)
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { task: string; workers: string[]; parameters?: object[] })
    const found = new Map(lines.map(each => [each.task, each]))
    assert.deepEqual(found.get('other.add')?.workers, ['py@host'])
    assert.deepEqual(found.get('proj.unborn')?.workers, [])
    assert.deepEqual([found.get('proj.add')?.workers, found.get('proj.add')?.parameters], [['py@host'], undefined])
    assert.match(stderr, /No running worker knows .*proj\.unborn/)
    const ended = once(worker, 'exit')
    worker.kill('SIGTERM')
    await ended
  })
})

describe('skein celery', () => {
  const wrong: readonly (readonly [words: string[], says: RegExp])[] = [
    [[], /Say what to write\..+types.+stubs/],
    [['typs'], /Did you mean types\?/],
    [['types'], /Say where the tasks are/],
    [['types', 'proj', '--project', 'proj'], /takes options alone, not 'proj'/],
    [['types', '--store', 'sqlite:jobs.db'], /over a Redis server/],
    [['types', '--store', 'amqp://me:secret@host'], /got amqp:\/\/(?!me:secret)/],
    [['types', '--store', 'redis://127.0.0.1:6379/0', '--python', 'python3'], /--python goes with --project/],
    [['types', '--project', 'proj', '--tsconfig', 'a'], /--tsconfig does not go with skein celery types/],
    [['types', '--project', 'proj', '--queue', ' '], /queue/],
    [['types', '--store', 'redis://127.0.0.1:6379/0', '--timeout', '5'], /--timeout must be a length of time/],
    [['stubs'], /Say which modules have the tasks/],
    [['stubs', 'tasks.ts', '--store', 'redis://127.0.0.1:6379/0'], /--store does not go with skein celery stubs/],
    [['stubs', 'tasks.ts', '--tsconfig', 'gone.json'], /--tsconfig gone\.json: there is no such file/],
  ]
  for (const [words, says] of wrong) {
    test(`says what is wrong with: skein celery ${words.join(' ')}`, async t => {
      const { code, stdout, stderr } = await skein(folderOf(t), ['celery', ...words], { env: { SKEIN_STORE: '' } })
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, says)
    })
  }

  test('says that a server is not there', async () => {
    const { code, stderr } = await skein(root, ['celery', 'types', '--store', 'redis://:secret@127.0.0.1:1/0'])
    assert.equal(code, 3)
    assert.match(stderr, /cannot be asked for its workers[^]+SKEIN_STORE_UNAVAILABLE/)
    assert.doesNotMatch(stderr, /secret/)
  })

  test('has a help by example', async () => {
    const { code, stdout } = await skein(root, ['celery', '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /skein celery types --project proj:app[^]+skein celery stubs tasks\.ts/)
  })
})
