import { elsewhere, isElsewhere, runsElsewhere } from '../call/define/elsewhere.ts'
import { define, type InputSchemas } from '../call/define/definition.ts'
import { type AnyFunction, type TaskIdentity, taskIdentity } from '../call/define/identity.ts'
import { isPlain } from '../call/codec/copy-plain.ts'
import { deepestValue } from '../call/codec/depth.ts'
import type { Task } from '../call/define/task.ts'
import type { Work } from '../call/run/entry.ts'
import { PythonFloat } from '../celery/python-float.ts'
import { checkQueueName } from '../call/queue-options.ts'
import { checkKnown, checkWhole, describe } from '../core/errors/checks.ts'
import { InvalidArgumentError, TaskDefinitionError } from '../core/errors/errors.ts'
import { shared } from '../core/shared.ts'

/** The last one of several types. */
type Last<A extends readonly unknown[]> = Required<A> extends readonly [...unknown[], infer L] ? L : never

/** Options of `contract()`. */
export interface ContractOptions<F extends AnyFunction = AnyFunction> {
  /**
   * The last argument of a call, if it is a plain object, has the keyword arguments of the task (Python's `kwargs`). A call
   * that has none of them, and whose last argument is an object all the same, is given `{}` behind that. Default: false.
   */
  readonly keywords?: NonNullable<Last<Parameters<F>>> extends object ? boolean : false
  /**
   * The numbers that stay floats, which Python tells from integers: with `true` all of them; or those in the arguments at these
   * places (from 0) and in the keyword arguments of these names, however deep. `1` is then sent as `1.0`. Default: none.
   */
  readonly floats?: boolean | readonly (number | string)[]
  /** The queue of calls that name none, where that of the program's other tasks is not the one. Default: as of any task. */
  readonly queue?: string
  /** The schema of the arguments, as of `task`: checked when a call is submitted. */
  readonly input?: InputSchemas<Parameters<F>>
}

/** The part of a contract that says how its calls are written. */
interface Terms {
  readonly keywords: boolean
  readonly floats: boolean | ReadonlySet<number | string>
  readonly queue: string | undefined
}

const terms: WeakMap<AnyFunction, Terms> = /* @__PURE__ */ shared('contracts', () => new WeakMap())
const known: ReadonlySet<string> = new Set(['keywords', 'floats', 'queue', 'input'])

/**
 * A task that lives in another program, in Python or here, of which only the name and the types are known: it can be used wherever a
 * task can, and is submitted to a durable queue, from which a worker takes it that knows a task of that name.
 *
 * Its message is written by Celery's rules alone: arguments may be what Python has, too, which are strings, numbers, bigints, booleans,
 * null, dates, bytes, and lists and plain objects of those. Retries are the matter of the task itself. What a Python task raises arrives
 * as an Error that has the name of the exception's class, its `args` and its `module`, and the traceback as its stack.
 *
 * Not for a task whose module can be imported: `task` has its types without being told them.
 *
 * **Errors**: `SKEIN_TASK_DEFINITION` for a name that is not a string, is empty or ends with `[]`; `SKEIN_INVALID_ARGUMENT` for an
 * option that is wrong. When it is submitted, `SKEIN_UNSENDABLE` for an argument that Python has not, and `SKEIN_INVALID_ARGUMENT` for
 * `retries`, for a stream, and for a call or a job among its arguments. On an executor that is not a queue, and when it is called
 * as a function, `SKEIN_INVALID_ARGUMENT`.
 *
 * @param name the name under which workers know the task: `proj.add`
 * @param options `keywords`, `floats`, `queue` and `input`
 * @example
 * import { task } from 'skein'
 * import { connect, contract, work } from 'skein/queue'
 *
 * // In the program that submits:
 * const add = contract<(x: number, y: number) => number>('proj.add')
 *
 * // In the program that runs it; in Python it is `@app.task(name='proj.add')`.
 * const own = task(import.meta, (x: number, y: number) => x + y, { name: 'proj.add' })
 *
 * const queue = await connect('memory:contract')
 * const worker = await work({ store: 'memory:contract', tasks: [own], on: 'loop' })
 * const job = await queue.submit(add, 1, 2)
 * console.log(await job.result()) // 3
 * await worker.close()
 * await queue.close()
 */
export function contract<F extends AnyFunction>(name: string, options: ContractOptions<NoInfer<F>> = {}): Task<F> {
  checkKnown(options, known, 'contract option')
  if (typeof name !== 'string' || name === '' || name.endsWith('[]')) {
    throw new TaskDefinitionError(
      `contract() needs the name under which workers know the task, as in contract('proj.add'), got ${describe(name)}`,
    )
  }
  checkWhole(name, 'The name of a task')
  const { keywords = false, floats = false, queue } = options
  if (typeof keywords !== 'boolean') {
    throw new InvalidArgumentError(`keywords must be true or false, got ${describe(keywords)}`)
  }
  if (queue !== undefined) checkQueueName(queue)
  const identity: TaskIdentity = Object.freeze({ url: elsewhere, name })
  const callable: AnyFunction = () => {
    throw runsElsewhere(identity, 'this program')
  }
  Object.defineProperty(callable, 'name', { value: name, configurable: true })
  Object.defineProperty(callable, taskIdentity, { value: identity })
  define(callable, { input: options.input })
  terms.set(callable, { keywords, floats: floatsOf(floats), queue })
  return callable as Task<F>
}

function floatsOf(floats: unknown): Terms['floats'] {
  if (typeof floats === 'boolean') return floats
  const isPlace = (each: unknown): boolean =>
    typeof each === 'string' || (Number.isInteger(each) && (each as number) >= 0)
  if (Array.isArray(floats) && floats.every(isPlace)) return new Set(floats as (number | string)[])
  throw new InvalidArgumentError(
    `floats must be true, false, or a list of places (0, 1 …) and names of arguments, got ${describe(floats)}`,
  )
}

/** The queue that a contract names for its calls; undefined where there is none. */
export function queueOfContract(fn: AnyFunction): string | undefined {
  return terms.get(fn)?.queue
}

/** The arguments of a call, as they are written. */
export interface WrittenArguments {
  readonly args: readonly unknown[]
  readonly kwargs?: Readonly<Record<string, unknown>>
  /** Only what every reader makes of them is to be in the message. */
  readonly plain?: true
}

/**
 * The arguments of a call in the form in which its message has them: those of a contract by its terms, those of a task as they are.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for what a task in another language cannot be asked for.
 */
export function argumentsOf({
  task,
  fn,
  args,
  options,
}: Pick<Work, 'task' | 'fn' | 'args' | 'options'>): WrittenArguments {
  if (!isElsewhere(task)) return { args }
  if (options.retries !== undefined && options.retries !== 0) {
    throw new InvalidArgumentError(
      `Task ${task.name} is a contract, and cannot have the option retries: it is the worker of that program who tries again. Set them ` +
        `there, as in @app.task(autoretry_for=…, max_retries=…).`,
    )
  }
  const { keywords, floats } = terms.get(fn) ?? { keywords: false, floats: false as const }
  const last = args.at(-1)
  const named = keywords && isKeywords(last) ? last : undefined
  const placed = named === undefined ? args : args.slice(0, -1)
  const written = (value: unknown, place: number | string): unknown =>
    floats === true || (floats !== false && floats.has(place)) ? asFloats(value, new Set()) : value
  return {
    args: placed.map(written),
    ...(named === undefined
      ? {}
      : { kwargs: Object.fromEntries(Object.entries(named).map(([name, value]) => [name, written(value, name)])) }),
    plain: true,
  }
}

function isKeywords(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && isPlain(value) && !Array.isArray(value)
}

/** The same with each number marked as a float. What leads back to itself is left to the writer, which refuses it. */
function asFloats(value: unknown, above: Set<object>): unknown {
  if (typeof value === 'number') return new PythonFloat(value)
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value
  if (above.has(value) || above.size > deepestValue) return value
  above.add(value)
  const entries = Object.entries(value).map(([name, each]): [string, unknown] => [name, asFloats(each, above)])
  above.delete(value)
  // With all that a list has beside its elements, and with its holes, for which the writer has rules.
  return Array.isArray(value)
    ? Object.assign(new Array<unknown>(value.length), Object.fromEntries(entries))
    : Object.fromEntries(entries)
}
