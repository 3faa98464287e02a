import { MalformedMessageError } from '../../../core/errors/errors.ts'
import type { StoredState } from '../../roles/calls.ts'
import type { StoredJob } from '../../roles/inspector.ts'
import { outcomeOfDocument } from './document.ts'
import { limitName } from './limit-names.ts'
import { deliveryOf } from './message.ts'

/** A call as the scripts show it: the fields of its hash are a name and a value in turns. */
export type Shown = readonly [
  id: string,
  state: StoredState,
  record: string,
  message: string,
  fields: readonly string[],
]

/** All that is known of a call. @param most the most bytes that the body of its message may have once it is unpacked */
export function jobOf([id, state, record, sent, fields]: Shown, most: number): StoredJob {
  const values = new Map<string, string>()
  for (let at = 0; at + 1 < fields.length; at += 2) values.set(fields[at] as string, fields[at + 1] as string)
  const text = (name: string): string | undefined => values.get(name)
  const number = (name: string): number | undefined => (values.has(name) ? Number(values.get(name)) : undefined)
  const delivery = deliveryOf(sent, most)
  const message = delivery instanceof MalformedMessageError ? undefined : delivery
  const document = record === '' ? undefined : outcomeOfDocument(record)
  const sentAt = number('sent') ?? number('started') ?? 0
  return {
    id,
    queue: text('queue') ?? '',
    task: text('task') || (message?.task ?? ''),
    state,
    headers: message?.headers ?? '{}',
    body: message?.body ?? '[[],{},{}]',
    priority: 0,
    attempt: number('attempt') ?? 0,
    deaths: number('deaths') ?? 0,
    tags: JSON.parse(text('tags') ?? '[]') as string[],
    sentAt,
    dueAt: number('due') ?? sentAt,
    ...optional('worker', text('worker')),
    ...optional('key', text('unique')),
    ...optional('keyUntil', number('key_until')),
    ...optional('limitKey', text('limit')?.slice(limitName('').length)),
    ...optional('memo', text('memo')),
    ...optional('after', text('after')),
    ...optional('startedAt', number('started')),
    ...optional('endedAt', number('ended') ?? document?.endedAt),
    ...optional('expiresAt', number('expires')),
    ...optional('deadlineAt', number('deadline')),
    ...optional('result', state === 'done' ? document?.result : undefined),
    ...optional('error', text('error') ?? document?.error),
    ...optional('cancelling', text('cancelling')),
  }
}

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [name in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [name in K]?: V })
}
