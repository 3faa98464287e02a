import { describe } from '../../core/errors/checks.ts'
import { MalformedMessageError } from '../../core/errors/errors.ts'
import { elementsOf, membersOf } from '../json-parts.ts'

/**
 * A signature of any writer: a call that is to follow another one, or several as one. Its values stay the text that they are: none of
 * them is read, so that it needs no classes, and nothing in there changes on its way.
 */
export interface RawSignature {
  readonly kind: 'call' | 'chain' | 'group' | 'chord'
  /** Empty for anything but a call. */
  readonly task: string
  readonly args: readonly string[]
  /** JSON object; of a call. */
  readonly kwargs: string
  readonly options: ReadonlyMap<string, string>
  /** True where what came before is not put in front of the arguments. */
  readonly immutable: boolean
  /** Those of a chain or a group, and of the header of a chord. */
  readonly tasks: readonly RawSignature[]
  /** The options of the header of a chord, which is a group. */
  readonly headerOptions: ReadonlyMap<string, string>
  /** The part of a chord that runs once all of its header have ended. */
  readonly body: RawSignature | undefined
}

/** Those who are told of the end of the call before are called so in errors. */
const what = 'a call that is to follow'

/** Reads a signature, and what it has inside. **Errors**: `SKEIN_MALFORMED_MESSAGE`, and JsonError. */
export function readSignature(text: string): RawSignature {
  if (!text.startsWith('{')) throw malformed(what, 'an object', text)
  const fields = membersOf(text)
  const kwargs = given(fields.get('kwargs')) ?? '{}'
  if (!kwargs.startsWith('{')) throw malformed(`the kwargs of ${what}`, 'an object', kwargs)
  const type = plainIn(fields.get('subtask_type'))
  const shape = shapeOf(type, kwargs)
  const task = plainIn(fields.get('task'))
  if (shape.kind === 'call' && (typeof task !== 'string' || task === '')) {
    throw malformed(`the task of ${what}`, 'a string', fields.get('task'))
  }
  const args = given(fields.get('args')) ?? '[]'
  if (!args.startsWith('[')) throw malformed(`the args of ${what}`, 'a list', args)
  const options = given(fields.get('options')) ?? '{}'
  if (!options.startsWith('{')) throw malformed(`the options of ${what}`, 'an object', options)
  return {
    task: shape.kind === 'call' ? (task as string) : '',
    args: elementsOf(args),
    kwargs,
    options: membersOf(options),
    immutable: fields.get('immutable') === 'true',
    ...shape,
  }
}

type Shape = Pick<RawSignature, 'kind' | 'tasks' | 'headerOptions' | 'body'>

const none: ReadonlyMap<string, string> = new Map()

function shapeOf(type: unknown, kwargs: string): Shape {
  if (type !== 'chain' && type !== 'group' && type !== 'chord') {
    return { kind: 'call', tasks: [], headerOptions: none, body: undefined }
  }
  const parts = membersOf(kwargs)
  if (type !== 'chord') return { kind: type, ...groupIn(parts.get('tasks')), body: undefined }
  const body = given(parts.get('body'))
  if (body === undefined) throw new MalformedMessageError('The message is malformed: a chord in it has no body.')
  return { kind: type, ...groupIn(parts.get('header')), body: readSignature(body) }
}

/** The calls of a header or of a group: they are a list, or a signature that has one. */
function groupIn(text: string | undefined): Pick<RawSignature, 'tasks' | 'headerOptions'> {
  if (given(text) === undefined) return { tasks: [], headerOptions: none }
  if ((text as string).startsWith('['))
    return { tasks: elementsOf(text as string).map(readSignature), headerOptions: none }
  const inner = readSignature(text as string)
  if (inner.kind === 'group') return { tasks: inner.tasks, headerOptions: inner.options }
  return { tasks: [inner], headerOptions: none }
}

/** Writes a signature. */
export function writeSignature(signature: RawSignature): string {
  const { kind, task, args, options, immutable } = signature
  const name = kind === 'call' ? JSON.stringify(task) : `"celery.${kind}"`
  const type = kind === 'call' ? 'null' : `"${kind}"`
  return (
    `{"task":${name},"args":[${args.join(',')}],"kwargs":${kwargsOf(signature)},"options":${writeMembers(options)}` +
    `,"subtask_type":${type},"immutable":${immutable}}`
  )
}

function kwargsOf({ kind, kwargs, tasks, headerOptions, body }: RawSignature): string {
  const list = `[${tasks.map(writeSignature).join(',')}]`
  if (kind === 'call') return kwargs
  if (kind !== 'chord' || body === undefined) return `{"tasks":${list}}`
  const header =
    `{"task":"celery.group","args":[],"kwargs":{"tasks":${list}},"options":${writeMembers(headerOptions)}` +
    ',"subtask_type":"group","immutable":false}'
  return `{"kwargs":{},"header":${header},"body":${writeSignature(body)}}`
}

/** Writes the members of an object. */
function writeMembers(members: ReadonlyMap<string, string>): string {
  return `{${[...members].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`
}

/** The same signature with other options; undefined takes one away. */
export function withOptions(
  signature: RawSignature,
  changes: Readonly<Record<string, string | undefined>>,
): RawSignature {
  const options = new Map(signature.options)
  for (const [name, text] of Object.entries(changes)) {
    if (text === undefined) options.delete(name)
    else options.set(name, text)
  }
  return { ...signature, options }
}

/** The signatures in an option or a part of a message: a list of them, or one by itself. */
export function signaturesIn(text: string | undefined): readonly string[] {
  if (given(text) === undefined) return []
  return (text as string).startsWith('[') ? elementsOf(text as string) : [text as string]
}

/** The members of an object; none where it is not one. */
export function fieldsOf(text: string | undefined): ReadonlyMap<string, string> {
  return text?.startsWith('{') ? membersOf(text) : none
}

/** A value that is a string in there, and not empty. */
export function nameIn(text: string | undefined): string | undefined {
  const value = plainIn(text)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A value that is short and plain; undefined for what is not there, or cannot be read. */
export function plainIn(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

/** Text that is there, and not null. */
export function given(text: string | undefined): string | undefined {
  return text === 'null' ? undefined : text
}

function malformed(part: string, expected: string, text: string | undefined): MalformedMessageError {
  return new MalformedMessageError(
    `The message is malformed: ${part} must be ${expected}, got ${describe(plainIn(text))}.`,
  )
}
