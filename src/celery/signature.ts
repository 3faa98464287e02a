import type { Mark } from './marks.ts'
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

function shift([kind, path, ...extra]: Mark, by: number): Mark {
  const [first, ...rest] = path
  return [kind, [typeof first === 'number' ? first + by : (first as string), ...rest], ...extra] as unknown as Mark
}
