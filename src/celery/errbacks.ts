import { describe } from '../core/errors/checks.ts'
import { MalformedMessageError } from '../core/errors/errors.ts'
import { sendingOf } from './follower.ts'
import { checkHeaderName, writeHeaders } from './headers.ts'
import { elementsOf, membersOf } from './json-parts.ts'

/** A call that follows one that has failed, with those fields of a store's `OutgoingCall` that a signature can have. */
export interface Errback {
  readonly id: string
  readonly queue: string
  readonly task: string
  readonly headers: string
  readonly body: string
  readonly priority: number
  readonly delay: number
}

/** A call that has failed, with its message. */
export type FailedCall = Pick<Errback, 'id' | 'queue' | 'headers' | 'body'>

/**
 * The calls that a message asks for when its own has failed, with the id of that in front of their arguments: its `errbacks`. As text:
 * no value of it is read (those that get a result are, by `readSignature`), so that it needs no classes, and a store can do it.
 *
 * **Errors**: `SKEIN_MALFORMED_MESSAGE` for what cannot be read, `SKEIN_INVALID_ARGUMENT` for a header whose name is taken, and JsonError.
 *
 * @param newId makes an id for a call that has none
 */
export function errbacksOf(failed: FailedCall, newId: () => string): Errback[] {
  // All that are written here end so, and most others.
  if (failed.body.endsWith(noneFollows)) return []
  const following = new Following(failed, newId)
  for (const each of listOf(errbacksIn(failed.body))) following.add(each, [])
  return following.calls
}

const noneFollows = '{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]'

class Following {
  readonly calls: Errback[] = []
  readonly #failed: FailedCall
  readonly #newId: () => string

  constructor(failed: FailedCall, newId: () => string) {
    this.#failed = failed
    this.#newId = newId
  }

  /** @param chain the signatures that follow this one, from the last */
  add(json: string, chain: readonly string[]): void {
    const signature = fieldsIn(json)
    if (!json.startsWith('{')) throw malformed('a call that is to follow', 'an object', json)
    const tasks = (): readonly string[] => tasksOf(fieldsIn(signature.get('kwargs')).get('tasks'))
    switch (valueOf(signature.get('subtask_type'))) {
      case 'chain': {
        const [head, ...rest] = tasks()
        if (head !== undefined) this.add(head, [...chain, ...rest.reverse()])
        return
      }
      case 'group':
        if (chain.length > 0) throw chordAhead()
        for (const each of tasks()) this.add(each, [])
        return
      case 'chord':
        throw chordAhead()
      default:
        this.calls.push(this.#call(signature, chain))
    }
  }

  #call(signature: ReadonlyMap<string, string>, chain: readonly string[]): Errback {
    const { id: failedId, headers: failedHeaders, queue: failedQueue } = this.#failed
    const task = valueOf(signature.get('task'))
    const given = signature.get('args') ?? '[]'
    const kwargs = signature.get('kwargs') ?? '{}'
    const what = 'of a call that is to follow'
    if (typeof task !== 'string' || task === '') throw malformed(`the task ${what}`, 'a string', signature.get('task'))
    if (given !== 'null' && !given.startsWith('[')) throw malformed(`the args ${what}`, 'a list', given)
    if (kwargs !== 'null' && !kwargs.startsWith('{')) throw malformed(`the kwargs ${what}`, 'an object', kwargs)
    const options = fieldsIn(signature.get('options'))
    const headers = fieldsIn(options.get('headers'))
    const first = signature.get('immutable') === 'true' ? [] : [JSON.stringify(failedId)]
    const args = [...first, ...itemsIn(given)].join(',')
    const own = [...headers].filter(([name]) => !name.startsWith('skein_'))
    for (const [name] of own) checkHeaderName(name)
    const option = (name: string): unknown => valueOf(options.get(name))
    const sending = sendingOf(
      {
        task_id: option('task_id'),
        queue: option('queue'),
        priority: option('priority'),
        countdown: option('countdown'),
      },
      failedQueue,
      this.#newId,
    )
    const { id } = sending
    const rootId = valueOf(fieldsIn(failedHeaders).get('root_id'))
    const links = `{"callbacks":${options.get('link') ?? 'null'},"errbacks":${options.get('link_error') ?? 'null'}`
    return {
      ...sending,
      task,
      headers: writeHeaders(
        { id, task, rootId: typeof rootId === 'string' ? rootId : failedId, parentId: failedId },
        {
          argsrepr: shown(`(${args})`),
          kwargsrepr: kwargs === 'null' ? '{}' : shown(kwargs),
          stamps: undefined,
          // Those of a signature count what is put in front already.
          marks: headers.get('skein_marks'),
          retries: headers.get('skein_retries'),
          own: own.map(([name, value]) => `,${JSON.stringify(name)}:${value}`).join(''),
        },
      ),
      body: `[[${args}],${kwargs === 'null' ? '{}' : kwargs},${links},"chain":[${chain.join(',')}],"chord":null}]`,
    }
  }
}

function errbacksIn(body: string): string | undefined {
  const text = body.trim()
  // Version 1 has them beside everything else.
  return fieldsIn(text.startsWith('[') ? itemsIn(text)[2] : text).get('errbacks')
}

function tasksOf(json: string | undefined): readonly string[] {
  return listOf(json?.startsWith('{') ? fieldsIn(json).get('tasks') : json)
}

/** The items of a list; anything else is one by itself. */
function listOf(json: string | undefined): readonly string[] {
  if (json === undefined || json === 'null') return []
  return json.startsWith('[') ? itemsIn(json) : [json]
}

/** The fields of an object; none where it is not one. */
function fieldsIn(json: string | undefined): ReadonlyMap<string, string> {
  return json?.startsWith('{') ? membersOf(json) : new Map()
}

/** The items of a list; none where it is not one. */
function itemsIn(json: string | undefined): readonly string[] {
  return json?.startsWith('[') ? elementsOf(json) : []
}

/** A value that is short and plain; undefined for what cannot be read. */
function valueOf(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : (JSON.parse(json) as unknown)
  } catch {
    return undefined
  }
}

/** For logs and monitors only, which cut it as well. */
function shown(text: string): string {
  return text.length > 1_024 ? `${text.slice(0, 1_021)}...` : text
}

/** The error of a chord that is to follow a message of another writer. */
export function chordAhead(): MalformedMessageError {
  return new MalformedMessageError(
    'A chord is to follow the task of the message, which this version of skein does not do for messages of other writers. Submit it ' +
      'here: a chord is a call whose arguments are calls.',
  )
}

function malformed(what: string, expected: string, json: string | undefined): MalformedMessageError {
  return new MalformedMessageError(
    `The message is malformed: ${what} must be ${expected}, got ${describe(valueOf(json))}.`,
  )
}
