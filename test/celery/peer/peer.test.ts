import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { UnsendableError } from 'skein'
import { isFor, readCommand, writeReply } from '#skein/celery/remote/control.js'
import * as replies from '#skein/celery/remote/control-replies.js'
import { readEnvelope, writeEnvelope } from '#skein/celery/envelope.js'
import { eventMessage, readEvents, taskEvent, workerEvent } from '#skein/celery/remote/events.js'
import { encodeMessage, type OutgoingMessage } from '#skein/celery/message.js'
import { decodeMessage } from '#skein/celery/read-message.js'
import { bindingsKey, channelOf, listOf, readBinding, resultKey } from '#skein/celery/redis-keys.js'
import { decodeFailure, decodeValue, encodeFailure, encodeValue } from '#skein/celery/result.js'
import { callState, readResult, type ResultDocument, writeResult } from '#skein/celery/result-document.js'
import { signatureOf } from '#skein/celery/signature.js'
import { root } from '../../support/paths.ts'
import { celery, notTested, startRedis } from '../../support/services.ts'
import { anyMessage } from '../any-message.ts'
import { sound } from '../samples.ts'
import { RedisLink, type Reply } from './redis-link.ts'

// oxlint-disable-next-line no-explicit-any
type Loose = any

const [redis, python] = await Promise.all([startRedis(), celery()])
const missing = redis.missing ?? python.missing

/** A test against real programs, or a word that it was not made. */
function real(name: string, action: () => Promise<void>): void {
  test(name, (t: TestContext) => (missing === undefined ? action() : notTested(t, missing)))
}

let link: RedisLink
let heard: RedisLink
let worker: ChildProcess
let judge: ChildProcess
let answers: AsyncIterator<string>
let said = ''
const listeners = new Set<(channel: string, text: string) => void>()

/** Resolves with what a listener makes of a message on any channel that is listened to. */
function hear<T>(listener: (channel: string, text: string) => T | undefined): Promise<T> {
  return new Promise(resolve => {
    const each = (channel: string, text: string): void => {
      const value = listener(channel, text)
      if (value === undefined) return
      listeners.delete(each)
      resolve(value)
    }
    listeners.add(each)
  })
}

function start(...args: string[]): ChildProcess {
  const env = { ...process.env, SKEIN_REDIS: (redis as { url: string }).url, PYTHONDONTWRITEBYTECODE: '1' }
  const child = spawn((python as { python: string }).python, args, {
    cwd: join(root, 'test/celery/peer'),
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // Workers say a lot when a task fails on purpose; the end of it is told where one has died.
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)))
  process.once('exit', () => child.kill('SIGKILL'))
  return child
}

async function ask(question: string, given: unknown): Promise<Loose> {
  judge.stdin!.write(`${JSON.stringify([question, given])}\n`)
  const { value } = await answers.next()
  const { answer, error } = JSON.parse(value as string) as Loose
  assert.equal(error, undefined)
  return answer
}

function written({ headers, body }: { headers: string; body: string }, queue: string, id: string): string {
  return writeEnvelope({
    headers,
    body,
    exchange: '',
    routingKey: queue,
    correlationId: id,
    replyTo: randomUUID(),
    deliveryTag: randomUUID(),
  })
}

/** Sends a call to Python, and resolves with the document of its end. */
async function called(
  message: Pick<OutgoingMessage, 'task' | 'args'> & Partial<OutgoingMessage>,
  end?: string,
): Promise<ResultDocument> {
  const id = randomUUID()
  const key = resultKey(end ?? id)
  const ended = hear((channel, text) => {
    const document = channel === key ? sound(readResult(text)) : undefined
    return document && ['done', 'failed', 'cancelled'].includes(callState(document.state)) ? document : undefined
  })
  await link.ask('LPUSH', listOf('celery', 0), written(encodeMessage({ id, ...message }), 'celery', id))
  return ended
}

before(async () => {
  if (redis.missing !== undefined || python.missing !== undefined) return
  ;[link, heard] = await Promise.all([RedisLink.open(redis.port), RedisLink.open(redis.port)])
  heard.onMessage = (channel, text) => listeners.forEach(listener => listener(channel, text))
  for (const pattern of ['celery-task-meta-*', '/0.celeryev/*', '/0.celery.pidbox'])
    await heard.ask('PSUBSCRIBE', pattern)
  const online = hear(channel => (channel === channelOf('celeryev', 'worker.online') ? true : undefined))
  const options = ['-P', 'solo', '--without-gossip', '--without-mingle', '-E', '-n', 'py@host', '-l', 'error']
  worker = start('-m', 'celery', '-q', '-A', 'proj', 'worker', ...options)
  judge = start('judge.py')
  answers = createInterface({ input: judge.stdout! })[Symbol.asyncIterator]()
  const died = once(worker, 'exit').then(([code]) =>
    assert.fail(`the worker of Python has ended with ${code}: ${said}`),
  )
  await Promise.race([online, died])
})

after(async () => {
  for (const child of [worker, judge]) {
    if (child === undefined) continue
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  link?.close()
  heard?.close()
  if (redis.missing === undefined) await redis.stop()
})

describe('Celery itself', () => {
  real('runs our calls, and its results are read', async () => {
    assert.equal(decodeValue((await called({ task: 'proj.add', args: [1, 2] })).result!), 3)
    assert.equal(
      decodeValue((await called({ task: 'proj.add', args: [2n ** 70n], kwargs: { y: 1 } })).result!),
      2n ** 70n + 1n,
    )
    const values = [new Date(1_000), new Uint8Array([255, 0]), 'é😀\u2028', null, true, 0.5, 5, { a: [1] }, Number.NaN]
    const [args, kwargs, types] = decodeValue(
      (await called({ task: 'proj.echo', args: values, kwargs: { k: 1 } })).result!,
    ) as Loose
    assert.deepEqual([args, kwargs], [values, { k: 1 }])
    assert.deepEqual(types, ['datetime', 'bytes', 'str', 'NoneType', 'bool', 'float', 'int', 'dict', 'float'])
  })

  real('goes on with the chain of our message', async () => {
    const last = randomUUID()
    const step = signatureOf('proj.add', [4], { task_id: last })
    const embed = { callbacks: null, errbacks: null, chain: [step], chord: null }
    assert.equal(decodeValue((await called({ task: 'proj.add', args: [1, 2], embed }, last)).result!), 7)
  })

  real('fails with errors that arrive by their names, with their args and tracebacks', async () => {
    const error = async (task: string): Promise<Loose> => decodeFailure((await called({ task, args: [] })).error!)
    const failed = await error('proj.fail')
    assert.deepEqual(
      [failed.name, failed.module, failed.args, failed.message],
      ['ValueError', 'builtins', ['a', 2], 'a, 2'],
    )
    assert.match(failed.stack, /^Traceback \(most recent call last\):[^]+ValueError: \('a', 2\)/)
    const wrapped = await error('proj.boom')
    assert.deepEqual([wrapped.name, wrapped.module, wrapped.args], ['Boom', 'proj', [7]])
    assert.equal((await error('proj.unknown')).name, 'NotRegistered')
  })

  real('tells of our calls in events that are read', async () => {
    const told: string[] = []
    const all = ['task-received', 'task-started', 'task-succeeded']
    const complete = hear((channel, text) => {
      if (!channel.startsWith('/0.celeryev/task')) return undefined
      told.push(...sound(readEvents(sound(sound(readEnvelope(text)).body) as string)).map(({ type }) => type))
      return all.every(type => told.includes(type)) ? true : undefined
    })
    await called({ task: 'proj.add', args: [1, 2] })
    await complete
  })

  real('reads whatever we write', async () => {
    const texts: string[] = []
    const collect = fc.property(anyMessage, message => {
      try {
        texts.push(written(encodeMessage({ ...message, id: 'i' }), 'celery', 'i'))
      } catch (error) {
        assert.ok(error instanceof UnsendableError)
      }
    })
    fc.assert(collect, { numRuns: 150 })
    assert.ok(texts.length > 100)
    const problems = (await ask('messages', texts)) as [number, string][]
    assert.deepEqual(
      problems.slice(0, 2).map(([number, words]) => [words, texts[number]]),
      [],
    )
  })

  real('raises our failures by their names, and returns our results', async () => {
    const errors = [
      new RangeError('no'),
      new TypeError('odd'),
      Object.assign(new Error('mine'), { name: 'PaymentError' }),
    ]
    const python = Object.assign(new Error('a, 2'), { name: 'ValueError', module: 'builtins', args: ['a', 2] })
    const documents = [...errors, python].map((error, at) =>
      writeResult({ id: `e${at}`, state: 'FAILURE', error: encodeFailure(error), doneAt: 0 }),
    )
    const value = { map: new Map([['a', 1]]), big: 2n ** 70n, when: new Date(0) }
    documents.push(writeResult({ id: 'v', state: 'SUCCESS', result: encodeValue(value), doneAt: 0 }))
    const [range, type, own, back, good] = (await ask('results', documents)) as Loose[]
    assert.deepEqual(range, ['FAILURE', 'builtins', 'ValueError', ["'no'"]])
    assert.deepEqual(type, ['FAILURE', 'builtins', 'TypeError', ["'odd'"]])
    assert.deepEqual(own, ['FAILURE', 'celery.exceptions', 'PaymentError', ["'mine'"]])
    assert.deepEqual(back, ['FAILURE', 'builtins', 'ValueError', ["'a'", '2']])
    assert.deepEqual(good, [
      'SUCCESS',
      "{'map': [['a', 1]], 'big': 1180591620717411303424, 'when': datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)}",
    ])
  })

  real('sees our worker and its calls in our events', async () => {
    const stamp = { hostname: 'ts@host', pid: 1, clock: 1, time: 1_795_914_111_350 }
    const software = { name: 'skein', version: '0.1.0', system: 'Linux' }
    const state = { frequency: 2, active: 1, processed: 0, load: [0.1, 0.2, 0.3], software }
    const message = sound(decodeMessage('{"task":"mail.send","id":"c1"}', '[[1],{},null]'))
    const bodies = [
      eventMessage('ts@host', workerEvent('worker-online', stamp, state)).body,
      eventMessage('ts@host', [
        taskEvent(stamp, { type: 'task-received', message }),
        taskEvent(stamp, { type: 'task-started', id: 'c1' }),
      ]).body,
      eventMessage('ts@host', [
        taskEvent(stamp, { type: 'task-failed', id: 'c1', error: encodeFailure(new TypeError('no')) }),
      ]).body,
    ]
    const [workers, tasks] = (await ask('events', bodies)) as Loose[]
    assert.deepEqual(workers, { 'ts@host': ['skein', 1] })
    assert.deepEqual(tasks, { c1: ['mail.send', 'FAILURE', null, "TypeError('no')"] })
  })

  real('sends calls that are read', async () => {
    const ids = (await ask('send', { countdown: 60, expires: 120, priority: 5, headers: { 'x-h': 1 } })) as string[]
    const messages = new Map<string, Loose>()
    for (const list of ['ts', listOf('ts', 5)]) {
      for (const text of (await link.ask('LRANGE', list, '0', '-1')) as string[]) {
        const { headers, body, properties } = sound(readEnvelope(text))
        const message = sound(decodeMessage(headers, sound(body)))
        messages.set(message.task === 'proj.add' && message.embed['chain'] ? 'chain' : message.id, {
          ...message,
          properties,
        })
      }
    }
    const [plain, options] = ids.map(id => messages.get(id))
    assert.deepEqual([plain.task, plain.args, plain.lang], ['proj.add', [1, 2], 'py'])
    assert.deepEqual([options.args, options.kwargs, options.headers], [[1.5], { k: [null] }, { 'x-h': 1 }])
    assert.equal(options.expires - options.eta, 60_000)
    assert.equal(options.properties.priority, 5)
    assert.equal(messages.get('chain').embed.chain.length, 1)
  })

  real('looks into our worker, and gets its answers', async () => {
    const numbers = {
      total: { 'mail.send': 3 },
      pid: 1,
      clock: 2,
      uptime: 3,
      concurrency: 4,
      processes: [5],
      prefetch: 6,
      broker: { transport: 'redis', hostname: '127.0.0.1', port: 1, virtualHost: '0', ssl: false },
      usage: process.resourceUsage(),
    }
    const answersOf: Readonly<Record<string, () => unknown>> = {
      ping: replies.pingReply,
      stats: () => replies.statsReply(numbers),
      registered: () => replies.registeredReply([{ name: 'mail.send' }]),
      active: () => replies.callsReply('ts@host', []),
      reserved: () => replies.callsReply('ts@host', []),
      scheduled: () => replies.scheduledReply('ts@host', []),
      active_queues: () => replies.queuesReply([{ name: 'ts', exchange: 'ts', routingKey: 'ts' }]),
      conf: () => replies.confReply({ brokerUrl: 'redis://:p@h/0', resultBackend: 'redis://h/0', include: [] }),
      report: () => replies.reportReply('skein'),
    }
    const answer = async (text: string): Promise<void> => {
      const { headers, body } = sound(readEnvelope(text))
      const command = sound(readCommand({ headers, body: sound(body) }))
      if (!isFor(command, 'ts@host', Date.now()) || command.reply === undefined) return
      const { ticket, exchange, routingKey } = command.reply
      const reply = writeReply(ticket, 'ts@host', 1, answersOf[command.method]!())
      const message = writeEnvelope({ ...reply, exchange, routingKey, durable: false, deliveryTag: randomUUID() })
      for (const member of (await link.ask('SMEMBERS', bindingsKey(exchange))) as Reply[]) {
        const { queue, routingKey: key } = readBinding(String(member))!
        if (key === routingKey) await link.ask('LPUSH', queue, message)
      }
    }
    const each = (channel: string, text: string): void => {
      if (channel === channelOf('celery.pidbox', '')) void answer(text)
    }
    listeners.add(each)
    const got = (await ask('inspect', 'ts@host')) as Loose
    listeners.delete(each)
    for (const [name, make] of Object.entries(answersOf)) {
      assert.deepEqual(got[name], { 'ts@host': JSON.parse(JSON.stringify(make())) }, name)
    }
  })
})
