import { describe } from '../core/errors/checks.ts'
import { MalformedMessageError } from '../core/errors/errors.ts'
import { applyMarks, type Mark } from './marks.ts'
import { checkPlain } from './plain.ts'
import { writeJson } from './write-json.ts'

/**
 * A call as Celery writes it into the message of another one, to be sent after that: `{ task, args, kwargs, options, subtask_type,
 * immutable }`.
 */
export interface Signature {
  readonly task: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly options: Readonly<Record<string, unknown>>
  /** `chain`, `group` or `chord` for several calls, which are among the `kwargs`; null for one. */
  readonly subtask_type: string | null
  /** True where what came before is not put in front of the arguments. */
  readonly immutable: boolean
}

/** The header, among the options, under which a signature has what its arguments lose as JSON. */
const marksHeader = 'skein_marks'

/**
 * Makes a signature of a task and its arguments.
 *
 * @param plain for a reader in another language: what only one here makes something of is refused
 * **Errors**: `SKEIN_UNSENDABLE`.
 */
export function signatureOf(
  task: string,
  args: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
  { kwargs = {}, plain }: { readonly kwargs?: Signature['kwargs']; readonly plain?: true } = {},
): Signature {
  const written = writeJson(args, 'arguments', 1)
  if (plain) {
    checkPlain(written, 'arguments')
    checkPlain(writeJson(kwargs, 'kwargs', 1), 'kwargs')
  }
  const marks = plain ? [] : written.marks
  // The one that sends it puts what came before in front of them.
  const shifted = marks.map(mark => shift(mark, 1))
  const headers = {
    ...(options['headers'] as object | undefined),
    ...(shifted.length > 0 ? { [marksHeader]: shifted } : {}),
  }
  const all = Object.keys(headers).length > 0 ? { ...options, headers } : options
  return { task, args, kwargs, options: all, subtask_type: null, immutable: false }
}

/**
 * Reads a signature of any writer.
 *
 * **Errors**: `SKEIN_MALFORMED_MESSAGE`.
 */
export function readSignature(value: unknown): Signature {
  const { task, args, kwargs, options, subtask_type: type, immutable } = object(value, 'a call that is to follow')
  if (typeof task !== 'string' || task === '') throw malformed('the task of a call that is to follow', 'a string', task)
  if (!Array.isArray(args ?? [])) throw malformed('the args of a call that is to follow', 'a list', args)
  const given = object(options ?? {}, 'the options of a call that is to follow')
  const isImmutable = immutable === true
  return {
    task,
    args: whole((args ?? []) as unknown[], given, isImmutable),
    kwargs: object(kwargs ?? {}, 'the kwargs of a call that is to follow'),
    options: given,
    subtask_type: typeof type === 'string' ? type : null,
    immutable: isImmutable,
  }
}

function whole(args: unknown[], options: Readonly<Record<string, unknown>>, isImmutable: boolean): readonly unknown[] {
  const { headers } = options
  const marks =
    typeof headers === 'object' && headers !== null ? (headers as Record<string, unknown>)[marksHeader] : undefined
  if (!Array.isArray(marks)) return args
  try {
    // A copy, since it is read more than once.
    return applyMarks(
      structuredClone(args),
      isImmutable ? marks : marks.map(mark => shift(mark as Mark, -1)),
    ) as unknown[]
  } catch (error) {
    throw new MalformedMessageError(
      'The message is malformed: the arguments of a call that is to follow cannot be made again',
      {
        cause: error,
      },
    )
  }
}

function shift([kind, path, ...extra]: Mark, by: number): Mark {
  const [first, ...rest] = path
  return [kind, [typeof first === 'number' ? first + by : (first as string), ...rest], ...extra] as unknown as Mark
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw malformed(what, 'an object', value)
}

function malformed(what: string, expected: string, value: unknown): MalformedMessageError {
  return new MalformedMessageError(`The message is malformed: ${what} must be ${expected}, got ${describe(value)}.`)
}
