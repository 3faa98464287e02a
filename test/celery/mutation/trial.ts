import { MalformedMessageError, SkeinError } from 'skein'
import { aftermathOf, aftermathOfChord, type EndedCall } from '#skein/celery/canvas/aftermath.js'
import { isFor, readCommand, readReply, writeCommand } from '#skein/celery/remote/control.js'
import { readEnvelope, readUnacknowledged, writeEnvelope } from '#skein/celery/envelope.js'
import { readEvents } from '#skein/celery/remote/events.js'
import { JsonError } from '#skein/celery/json-error.js'
import { encodeMessage } from '#skein/celery/message.js'
import { decodeMessage } from '#skein/celery/read-message.js'
import { readBinding } from '#skein/celery/redis-keys.js'
import { decodeFailure, decodeItem, decodeValue } from '#skein/celery/result.js'
import { readChordPart, readGroup, readResult, writeResult } from '#skein/celery/result-document.js'
import { samples, sound } from '../samples.ts'
import { mutated } from './mutate.ts'
import type { Random } from './random.ts'

/** A good message, and what reads it: all that a worker or a client would do with it. */
export interface Subject {
  readonly name: string
  readonly parts: readonly string[]
  readonly read: (...parts: string[]) => void
}

/** Headers and body on their own, since of a body in base64 little is left when a character changes. */
function task(headers: string, body: string): void {
  const message = decodeMessage(headers, body)
  if (message instanceof MalformedMessageError) return
  encodeMessage(message)
  try {
    follow({ id: message.id, queue: 'q', headers, body })
  } catch (error) {
    // As for a body that is not JSON.
    if (!(error instanceof JsonError)) throw error
  }
}

function follow(call: EndedCall): void {
  let ids = 0
  const terms = { newId: () => `${++ids}` }
  for (const end of [
    { state: 'done', result: '1' },
    { state: 'failed', error: '{}' },
  ] as const) {
    const { parts } = aftermathOf(call, end, terms)
    for (const { chord, entry } of parts) for (const entries of [[], [entry]]) aftermathOfChord(chord, entries, terms)
  }
}

function envelope(text: string): void {
  const read = readEnvelope(text)
  if (read instanceof MalformedMessageError || read.body instanceof MalformedMessageError) return
  task(read.headers, read.body)
  readEvents(read.body)
  const { headers, body } = read
  writeEnvelope({ ...read.properties, headers, body, deliveryTag: '' })
}

function command(headers: string, body: string): void {
  const read = readCommand({ headers, body })
  if (read instanceof MalformedMessageError) return
  isFor(read, 'w1@host', 0)
  writeCommand(read)
}

function result(text: string): void {
  const document = readResult(text)
  if (document instanceof MalformedMessageError) return
  if (document.result !== undefined) decodeValue(document.result)
  if (document.error !== undefined) decodeFailure(document.error)
  writeResult(document)
}

/** The good messages: all samples, and calls and results that have everything in them that skein adds. */
export function subjects(): Subject[] {
  const all: Subject[] = []
  for (const { name, raw, headers, body_text: body } of ['tasks', 'canvas', 'control', 'events', 'rabbitmq'].flatMap(
    samples,
  )) {
    if (raw !== undefined) all.push({ name, parts: [raw], read: envelope })
    if (body === undefined) continue
    const opened = raw === undefined ? JSON.stringify(headers ?? {}) : sound(readEnvelope(raw)).headers
    if (name.startsWith('event')) all.push({ name, parts: [body], read: text => void readEvents(text) })
    else if (name.startsWith('rpc')) all.push({ name, parts: [body], read: result })
    else if (!name.startsWith('control')) all.push({ name, parts: [opened, body], read: task })
    else if (name.includes('-reply'))
      all.push({ name, parts: [opened, body], read: (headers, body) => void readReply({ headers, body }) })
    else all.push({ name, parts: [opened, body], read: command })
  }
  for (const { name, raw } of samples('results')) {
    all.push({ name, parts: [raw], read: name.startsWith('groupresult') ? text => void readGroup(text) : result })
  }
  for (const { name, raw, commands = [] } of samples('broker')) {
    if (raw !== undefined) all.push({ name, parts: [raw], read: text => void readUnacknowledged(text) })
    for (const each of commands) {
      const member = each.at(-1) ?? ''
      const read = name.startsWith('bindings') ? readBinding : readChordPart
      all.push({ name, parts: [member], read: text => void read(text) })
    }
  }
  return [...all, ...own()]
}

function own(): Subject[] {
  const args = [new Map([['a', new Set([1n])]]), new Date(0), new Uint8Array(3), /a/g, undefined, new RangeError('no')]
  const { headers, body } = encodeMessage({
    id: 'i',
    task: 'a.b',
    args,
    kwargs: { x: 1 },
    kind: 'stream',
    eta: 1,
    timeout: 5,
    retries: { times: 2, backoff: [1, 2], never: ['A'] },
    headers: { 'x-a': [1] },
    stamps: { s: 1 },
    stampedHeaders: ['s'],
  })
  return [
    { name: 'a call of our own', parts: [headers, body], read: task },
    { name: 'an item', parts: ['{"index":1,"item":[1]}'], read: text => void decodeItem(text) },
  ]
}

/** What was wrong with a reader, or undefined: it has thrown what has no code, or has changed what all objects share. */
export function faultOf({ read }: Subject, parts: readonly string[]): string | undefined {
  try {
    read(...parts)
  } catch (error) {
    if (!(error instanceof SkeinError)) return String((error as Error).stack ?? error)
  }
  return 'polluted' in {} ? 'all objects have a property more' : undefined
}

/** One trial: a good message with one to three things changed. */
export function trial(
  all: readonly Subject[],
  random: Random,
): { readonly subject: Subject; readonly parts: string[] } {
  const subject = random.of(all)
  const parts = [...subject.parts]
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(parts.length)
    parts[at] = mutated(parts[at]!, random)
  }
  return { subject, parts }
}
