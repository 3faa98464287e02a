import type { Aftermath } from '../../celery/canvas/aftermath.ts'
import { fieldsOf, nameIn } from '../../celery/canvas/signature.ts'
import { listOf, listsOf } from '../../celery/redis-keys.ts'
import type { Settlement } from '../roles/broker.ts'
import type { OutgoingCall } from '../roles/calls.ts'
import type { Argument } from './connection/link.ts'
import { documentOfError, documentOfResult } from './wire/document.ts'
import { messageOf } from './wire/message.ts'

/** A call as the scripts are given it that keep one. */
export function argumentsOfCall(call: OutgoingCall, handle: string): Argument[] {
  const { id, queue, task, delay, expires, deadline, maxDeaths, ignoreResult, tags = [], inner = [] } = call
  const { text, tag } = messageOf(call, handle)
  return [
    id,
    queue,
    task,
    tag,
    text,
    Buffer.byteLength(call.headers) + Buffer.byteLength(call.body),
    tags.length === 0 ? '' : JSON.stringify(tags),
    Math.ceil(delay),
    whole(expires),
    whole(deadline),
    maxDeaths ?? '',
    ignoreResult ? 1 : '',
    inner.length,
    ...inner.flatMap(each => argumentsOfCall(each, handle)),
  ]
}

/** The end of an attempt as the script is given it that settles. */
export function argumentsOfSettlement(settlement: Settlement, handle: string): Argument[] {
  const { id, token, kind, next = [], canvas } = settlement
  return [
    id,
    token,
    kind,
    ...partsOf(settlement),
    next.length,
    ...next.flatMap(each => argumentsOfCall(each, handle)),
    ...argumentsOfAftermath(canvas, handle),
  ]
}

/** The ends of the names of the lists of a queue. */
const lists = listsOf('')

/** The aftermath of a call as the scripts are given it. */
export function argumentsOfAftermath(aftermath: Aftermath | undefined, handle: string): Argument[] {
  const { chords = [], calls = [], never = [], parts = [] } = aftermath ?? {}
  return [
    chords.length,
    ...chords.flatMap(({ group, size, saved = '' }) => [group, size, saved]),
    calls.length,
    ...calls.flatMap(call => {
      const headers = fieldsOf(call.headers)
      const named = (name: string): string => nameIn(headers.get(name)) ?? ''
      return [
        lists.indexOf(listOf('', call.priority)) + 1,
        named('group'),
        named('parent_id'),
        ...argumentsOfCall(call, handle),
      ]
    }),
    never.length,
    ...never.flatMap(({ id, state, error, group = '' }) => [id, ...documentOfError(id, error, state), group]),
    parts.length,
    ...parts.flatMap(({ group, score, id, entry, chord }) => [group, score, id, entry, chord]),
  ]
}

/** Text, delay, mark, and the two parts of the document for Celery. */
function partsOf(settlement: Settlement): Argument[] {
  switch (settlement.kind) {
    case 'done':
      return ['', 0, '', ...documentOfResult(settlement.id, settlement.result, settlement.canvas?.children)]
    case 'retry': {
      const { error, delay, death } = settlement
      return [error, Math.ceil(delay), death === undefined ? '' : death.alone ? 'alone' : 'died', '', '']
    }
    case 'release':
      return ['', Math.ceil(settlement.delay ?? 0), settlement.begun ? 1 : '', '', '']
    default: {
      const { id, kind, error } = settlement
      return [error, 0, 'death' in settlement && settlement.death ? 1 : '', ...documentOfError(id, error, kind)]
    }
  }
}

function whole(milliseconds: number | undefined): Argument {
  return milliseconds === undefined ? '' : Math.ceil(milliseconds)
}
