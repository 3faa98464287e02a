import { isError } from '../call/codec/stack-note.ts'
import { exceptionRepr, valueRepr } from './python-repr.ts'

/** An exception as Celery keeps it. All three have to be there, or Python makes something else of it. */
export interface ExceptionRecord {
  /** The name of its class. */
  readonly type: string
  /** The arguments that it was made with. */
  readonly args: readonly unknown[]
  /** The module of its class. Python looks there if it has imported that, and makes a class of the name otherwise. */
  readonly module: string
}

/** The name of the same thing in Python; else our own name, which becomes an exception of that name there. */
const twins: ReadonlyMap<string, Pick<ExceptionRecord, 'type' | 'module'>> = new Map([
  ['CancelledError', { type: 'TaskRevokedError', module: 'celery.exceptions' }],
  ['TimeoutError', { type: 'TimeLimitExceeded', module: 'billiard.exceptions' }],
  ['TaskNotFoundError', { type: 'NotRegistered', module: 'celery.exceptions' }],
  ['WorkerCrashedError', { type: 'WorkerLostError', module: 'billiard.exceptions' }],
  ['WorkerOutOfMemoryError', { type: 'WorkerLostError', module: 'billiard.exceptions' }],
  ['Error', { type: 'Exception', module: 'builtins' }],
  ['TypeError', { type: 'TypeError', module: 'builtins' }],
  ['SyntaxError', { type: 'SyntaxError', module: 'builtins' }],
  ['RangeError', { type: 'ValueError', module: 'builtins' }],
])

/**
 * The exception that an error is in Python: the one that it was, if it came from there.
 *
 * @param name the name of its class, and `message` what it says, for any value that can be thrown
 */
export function exceptionOf(error: unknown, name: string, message: string): ExceptionRecord {
  const own = isError(error) ? (error as { readonly code?: unknown; readonly module?: unknown; args?: unknown }) : {}
  if (typeof own.module === 'string' && Array.isArray(own.args)) {
    return { type: name, args: own.args as unknown[], module: own.module }
  }
  const isOwn = typeof own.code === 'string' && own.code.startsWith('SKEIN_')
  const twin = twins.get(name)
  // A TimeoutError of somebody else's is not a time limit of the task.
  if (twin && (isOwn || twin.module === 'builtins')) return { ...twin, args: [message] }
  return { type: name, args: [message], module: isOwn ? 'skein' : 'javascript' }
}

/**
 * The error that an exception of Python is here: it has the name of its class, its `args` and its `module`, and its traceback as
 * the stack. Takes what it is given, whatever that is: it is the answer to somebody who waits.
 *
 * @param fields the record: `exc_type`, `exc_message`, `exc_module`, and beside them `traceback`
 */
export function errorOfException(fields: Readonly<Record<string, unknown>>): Error {
  const { type, args, module, text } = recordIn(fields)
  const shown = args.map(part => (typeof part === 'string' ? part : valueRepr(part))).join(', ')
  const error = new Error(shown === '' ? (text ?? type ?? '') : shown)
  if (type !== undefined) Object.defineProperty(error, 'name', { value: type, configurable: true, writable: true })
  if (module !== undefined) {
    Object.defineProperty(error, 'module', { value: module, enumerable: true })
    Object.defineProperty(error, 'args', { value: args, enumerable: true })
  }
  const { traceback } = fields
  error.stack = typeof traceback === 'string' ? traceback : `${error.name}: ${error.message}`
  return error
}

/** An exception as Python would show it: `ValueError('a', 2)`. */
export function shownException(fields: Readonly<Record<string, unknown>>): string {
  const { type, args } = recordIn(fields)
  return exceptionRepr(type ?? 'Exception', args)
}

/** The name that Celery gives to an exception which it could not make again from its args; what it was is inside. */
const wrapper = 'UnpickleableExceptionWrapper'

type Found = Partial<ExceptionRecord> & Pick<ExceptionRecord, 'args'> & { readonly text?: string }

function recordIn(fields: Readonly<Record<string, unknown>>): Found {
  const { exc_type: type, exc_message: message, exc_module: module } = fields
  if (type === wrapper && Array.isArray(message)) {
    const [inModule, name, args, text] = message as unknown[]
    if (typeof name === 'string' && name !== '') {
      return {
        type: name,
        args: Array.isArray(args) ? (args as unknown[]) : [],
        ...(typeof inModule === 'string' ? { module: inModule } : {}),
        ...(typeof text === 'string' ? { text } : {}),
      }
    }
  }
  const given = message ?? fields['message']
  const args = Array.isArray(given) ? (given as unknown[]) : given === undefined || given === null ? [] : [given]
  return {
    args,
    ...(typeof type === 'string' && type !== '' ? { type } : {}),
    ...(typeof module === 'string' ? { module } : {}),
  }
}
