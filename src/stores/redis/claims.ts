import { MalformedMessageError } from '../../core/errors/errors.ts'
import type { Claim, DueEnd, Undoing } from '../roles/broker.ts'
import { claimValues } from './scripts/claim.ts'
import { listOf } from './scripts/script.ts'
import { deliveryOf } from './wire/message.ts'

/** A call that was taken out of a list, and what is to become of it. */
export type Taken =
  | { readonly is: 'claim'; readonly claim: Claim }
  /** Its sender wants it to be run later. */
  | { readonly is: 'early'; readonly claim: Claim; readonly delay: number }
  | { readonly is: 'expired'; readonly claim: Claim }
  /** It cannot be read. */
  | { readonly is: 'damaged'; readonly claim: Claim; readonly why: string }

/** The queues from which a claim has taken nothing, since they are paused. */
export function pausedIn(answer: readonly string[]): Set<string> {
  return new Set(listOf<string>(answer[1]))
}

/**
 * Reads the answer of the script that claims.
 *
 * @param queues those that it was given, in that order
 */
export function takenOf(
  answer: readonly string[],
  queues: readonly string[],
  maxBytes: number,
  maxDeaths: number,
): Taken[] {
  const now = Number(answer[0])
  const taken: Taken[] = []
  for (let at = 2; at < answer.length;) {
    const line = answer[at++] as string
    if (line === '') {
      taken.push(one(answer.slice(at, at + claimValues), now, maxBytes, maxDeaths))
      at += claimValues
    } else taken.push(plainOne(line.split(' '), answer[at++] as string, queues, now, maxBytes, maxDeaths))
  }
  return taken
}

/** A call that has nothing beside it. */
function plainOne(
  values: readonly string[],
  message: string,
  queues: readonly string[],
  now: number,
  maxBytes: number,
  maxDeaths: number,
): Taken {
  const [id, token, queue, attempt, deaths, most, sent, blamed, ignore] = values as [...string[]] & {
    readonly [at: number]: string
  }
  return takenWith(
    {
      id: id as string,
      token: Number(token),
      queue: queues[Number(queue) - 1] as string,
      attempt: Number(attempt),
      deaths: Number(deaths),
      maxDeaths: Number(most || maxDeaths),
      ...(blamed === '' ? { ahead: true } : {}),
      ...(ignore === '' ? {} : { ignoreResult: true }),
      ...(sent === '' ? {} : { sentAt: Number(sent) }),
      steps: {},
    },
    '',
    message,
    false,
    now,
    maxBytes,
  )
}

function one(values: readonly string[], now: number, maxBytes: number, maxDeaths: number): Taken {
  const [
    id,
    token,
    queue,
    task,
    attempt,
    deaths,
    most,
    sent,
    alone,
    blamed,
    ignore,
    deadline,
    steps,
    foreign,
    after,
    memo,
    undo,
    message,
  ] = values as [...string[]] & { readonly [at: number]: string }
  const span = alone === '' ? -1 : Number(alone)
  const known: Omit<Claim, 'task' | 'headers' | 'body'> = {
    id: id as string,
    token: Number(token),
    queue: queue as string,
    attempt: Number(attempt),
    deaths: Number(deaths),
    maxDeaths: Number(most || maxDeaths),
    ...(span >= 0 ? { alone: span } : blamed === '' ? { ahead: true } : {}),
    ...(ignore === '' ? {} : { ignoreResult: true }),
    ...(sent === '' ? {} : { sentAt: Number(sent) }),
    ...(deadline === '' ? {} : { deadline: Number(deadline) }),
    steps: stepsOf(steps as string),
    ...(after === '' ? {} : { after: after as string }),
    ...(memo === '' ? {} : { memo: memo as string }),
    ...undoIn(undo as string),
  }
  return takenWith(known, task as string, message as string, foreign !== '', now, maxBytes)
}

/** A call with its message. @param task empty for one that its message names @param isForeign it was not sent through a store */
function takenWith(
  known: Omit<Claim, 'task' | 'headers' | 'body'>,
  task: string,
  message: string,
  isForeign: boolean,
  now: number,
  maxBytes: number,
): Taken {
  const delivery = deliveryOf(message, maxBytes)
  const isRead = !(delivery instanceof MalformedMessageError)
  const claim: Claim = {
    ...known,
    task: task || (isRead ? delivery.task : ''),
    headers: isRead ? delivery.headers : '{}',
    body: isRead ? delivery.body : '[[],{},{}]',
  }
  if (!isRead) return { is: 'damaged', claim, why: delivery.message.replace(/^The message is malformed: |\.$/g, '') }
  // What was sent through a store has waited by then, on the server's clock.
  // A part of a chord, too, is not ended by the server, which does not count it.
  if (isForeign || !delivery.body.endsWith('"chord":null}]')) {
    const { eta, expires } = delivery
    if (expires !== undefined && expires <= now) return { is: 'expired', claim }
    if (eta !== undefined && eta > now) return { is: 'early', claim, delay: eta - now }
  }
  return { is: 'claim', claim }
}

function stepsOf(text: string): Record<string, string> {
  if (text === '' || text === '{}') return {}
  const flat = JSON.parse(text) as string[]
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] as string]] : [])))
}

/** The steps that there are to undo, as the scripts keep them. Lua knows no empty list. */
interface Undo {
  readonly steps: readonly string[] | object
  readonly failures: readonly (readonly [name: string, failure: string])[] | object
  readonly ends?: DueEnd
  readonly rounds: number
}

function undoIn(text: string): { undo?: Undoing } {
  if (text === '') return {}
  const { steps, failures, ends, rounds } = JSON.parse(text) as Undo
  const left = Array.isArray(steps) ? (steps as string[]) : []
  if (left.length === 0 && ends === undefined) return {}
  const failed = Array.isArray(failures) ? (failures as [string, string][]).map(([, failure]) => failure) : []
  return {
    undo: {
      steps: left,
      failures: failed,
      ...(ends ? { ends: { state: ends.state, error: ends.error } } : {}),
      rounds,
    },
  }
}
