import { chordAhead, errbacksOf } from '../../celery/errbacks.ts'
import { sendingOf } from '../../celery/follower.ts'
import { encodeMessage, type MessageRetries, type TaskMessage } from '../../celery/message.ts'
import { readCanvas } from '../../celery/canvas.ts'
import type { Signature } from '../../celery/signature.ts'
import { decodeValue } from '../../celery/result.ts'
import { MalformedMessageError } from '../../core/errors/errors.ts'
import type { Claim } from '../../stores/roles/broker.ts'
import { newCallId } from '../../stores/call-id.ts'
import { checkCalls } from '../../stores/check.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'

/** The parts of a message that name calls which are to follow its task. */
const parts = ['callbacks', 'errbacks', 'chain', 'chord'] as const

/** True if a message asks for more than running its task. */
export function hasFollowing({ embed }: TaskMessage): boolean {
  return parts.some(name => isAsked(embed[name]))
}

/** Returns why calls that are to follow cannot be sent: they are to be read before the task runs, for half of it would be a lie. */
export function problemOfFollowing(claim: Claim, message: TaskMessage): MalformedMessageError | undefined {
  try {
    // Refused by the store when the job ends, they would keep all from their ends that is written together with it.
    checkCalls(callsAfterResult(claim, message, 'null'))
    checkCalls(errbacksOf(claim, newCallId))
    for (const each of listOf(message.embed['errbacks'])) readCanvas(each)
    return undefined
  } catch (error) {
    if (error instanceof MalformedMessageError) return error
    return new MalformedMessageError('The message is malformed: what is to follow its task cannot be read or sent', {
      cause: error,
    })
  }
}

/**
 * The calls that a message asks for when its task is done, to be sent in the commit that ends the job: those of `callbacks` and the next of
 * the `chain`, with its result in front of their arguments.
 */
export function callsAfterResult(claim: Claim, message: TaskMessage, result: string): OutgoingCall[] {
  const { embed, rootId, id } = message
  if (isAsked(embed['chord'])) {
    throw new MalformedMessageError(
      'The message is part of a chord of another writer, which this version of skein does not count. Submit the chord here: it is a call ' +
        'whose arguments are calls.',
    )
  }
  const calls: OutgoingCall[] = []
  const send = (given: unknown, first: readonly unknown[], chain: readonly unknown[]): void => {
    const canvas = readCanvas(given)
    switch (canvas.kind) {
      case 'chain': {
        const [head, ...rest] = canvas.tasks
        if (head !== undefined) send(head, first, [...chain, ...rest.reverse()])
        return
      }
      case 'group':
        if (chain.length > 0) throw chordAhead()
        for (const each of canvas.tasks) send(each, first, [])
        return
      case 'chord':
        throw chordAhead()
      case 'call':
        calls.push(outgoing(canvas.call, first, chain, { rootId, parentId: id, queue: claim.queue }))
    }
  }
  const first = [decodeValue(result)]
  for (const each of listOf(embed['callbacks'])) send(each, first, [])
  // It is written from its end.
  const chain = listOf(embed['chain'])
  if (chain.length > 0) send(chain.at(-1), first, chain.slice(0, -1))
  return calls
}

interface Sender {
  readonly rootId: string
  readonly parentId: string
  readonly queue: string
}

function outgoing(
  { task, args, kwargs, options, immutable }: Signature,
  first: readonly unknown[],
  chain: readonly unknown[],
  { rootId, parentId, queue }: Sender,
): OutgoingCall {
  const { link, link_error: linkError, headers } = options
  const { skein_retries: retries, ...others } = objectOf(headers)
  const sending = sendingOf(options, queue, newCallId)
  const message = encodeMessage({
    id: sending.id,
    task,
    args: immutable ? args : [...first, ...args],
    kwargs,
    rootId,
    parentId,
    ...(retries === undefined ? {} : { retries: retries as MessageRetries }),
    headers: Object.fromEntries(Object.entries(others).filter(([name]) => !name.startsWith('skein_'))),
    embed: { callbacks: link ?? null, errbacks: linkError ?? null, chain, chord: null },
  })
  return { ...sending, task, headers: message.headers, body: message.body }
}

function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? (value as unknown[]) : [value]
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isAsked(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
}
