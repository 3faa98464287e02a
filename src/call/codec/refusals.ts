import { brandOf } from '../../core/brand.ts'
import { identityOf } from '../define/identity.ts'
import { className } from './class-name.ts'

/** The name of a value that cannot travel, and the remedy. */
export interface Refusing {
  readonly what: string
  readonly remedy: string
  /** The remedy on the way to a queue, where that is another one: no Call is run inside the arguments of a durable call. */
  readonly remedyInQueue?: string
}

/** The refusal of an instance that has no properties to send. */
export function privateState(prototype: object): Refusing {
  const name = className(prototype)
  return {
    what: `an instance of ${name}, which has no properties of its own that could be sent`,
    remedy: `Pass the data that it is made of, or register the class: registerClass(${name}, { encode, decode })`,
  }
}

/** The refusal of a Map, Set, Date or the like with properties of its own, which structured clone would drop. */
export function extraProperties(prototype: object): Refusing {
  const name = className(prototype)
  return {
    what: `an instance of ${name}, whose own properties would be lost beside what it holds`,
    remedy: `Pass these by themselves, or register the class: registerClass(${name}, { encode, decode })`,
  }
}

/** The refusal of an instance of a class with `#private` fields, which nobody else can read. */
export function privateFields(prototype: object, field: string): Refusing {
  const name = className(prototype)
  return {
    what: `an instance of ${name}, whose private field ${field} would be lost`,
    remedy: `Pass the data that it is made of, or register the class: registerClass(${name}, { encode, decode })`,
  }
}

/** The refusal of an instance that keeps a part of its state under symbols. */
export function symbols(prototype: object): Refusing {
  const name = className(prototype)
  return {
    what: `an instance of ${name}, whose properties that are named by symbols would be lost`,
    remedy: `Pass the data that it is made of, or register the class: registerClass(${name}, { encode, decode })`,
  }
}

/** The refusal of an instance of a class of the platform that no rule knows. */
export function ofPlatform(name: string): Refusing {
  return { what: `an instance of ${name}`, remedy: 'Pass the data that it is made of, and make it on the other side' }
}

/** The refusal of a date or time of Temporal, by its tag. */
export function temporal(tag: string): Refusing {
  return { what: `an instance of ${tag}`, remedy: `Pass String(value), and read it there with ${tag}.from(…)` }
}

export const symbol: Refusing = { what: 'a symbol', remedy: 'Pass a string in its place' }
export const promise: Refusing = { what: 'a promise', remedy: 'Await it first and pass its value' }
export const proxy: Refusing = { what: 'a Proxy', remedy: 'Pass a plain copy of it, as in { ...value }' }
export const iterator: Refusing = {
  what: 'an iterator',
  remedy: 'Collect its values in an array first, as in [...values]',
}
const generator: Refusing = {
  what: 'a generator',
  remedy:
    'Collect its values in an array, as in [...values]; ' +
    'or let the task itself be the generator and read it with executor.stream(task, …)',
}
export const stream: Refusing = {
  what: 'a stream',
  remedy:
    'Pass what it reads from (a path, a URL), or its bytes; ' +
    'to stream results let the task be a generator and read it with executor.stream(task, …)',
}
export const emitter: Refusing = {
  what: 'an event emitter',
  remedy: 'Its listeners belong to this thread: pass the data that it holds',
}
const weak = (what: string, instead: string): Refusing => ({
  what,
  remedy: `What it holds cannot be listed: pass ${instead}`,
})
const abort: Refusing = {
  what: 'an AbortSignal',
  remedy: 'Cancel the call with it, as in call(task, …).with({ signal }); the task sees it as current().signal',
}
/** Its dates are properties on some versions of Node, on others not. */
export const stats: Refusing = {
  what: 'what stat of node:fs returns',
  remedy: 'Pass the numbers that are needed, as in { size: stats.size, mtimeMs: stats.mtimeMs }',
}
export const locale: Refusing = {
  what: 'a formatter of Intl',
  remedy: 'Pass its locale and options, and make it on the other side',
}

/** The refusal of an instance of a class of the platform, by its name. */
export const refusedClasses: ReadonlyMap<string, Refusing> = /* @__PURE__ */ new Map<string, Refusing>([
  ['Promise', promise],
  ['Symbol', symbol],
  ['WeakMap', /* @__PURE__ */ weak('a WeakMap', 'a Map')],
  ['WeakSet', /* @__PURE__ */ weak('a WeakSet', 'a Set')],
  ['WeakRef', /* @__PURE__ */ weak('a WeakRef', 'the object itself, as in ref.deref()')],
  ['FinalizationRegistry', /* @__PURE__ */ weak('a FinalizationRegistry', 'plain data')],
  ['Generator', generator],
  ['AsyncGenerator', generator],
  ['ReadableStream', stream],
  ['WritableStream', stream],
  ['TransformStream', stream],
  ['AbortSignal', abort],
  ['AbortController', /* @__PURE__ */ Object.assign({}, abort, { what: 'an AbortController' })],
  ['Headers', { what: 'a Headers object', remedy: 'Pass Object.fromEntries(headers)' }],
  ['Request', { what: 'a Request', remedy: 'Pass its url, method, headers and body' }],
  ['Response', { what: 'a Response', remedy: 'Read it first, as in await response.text() or .arrayBuffer()' }],
  ['FormData', { what: 'a FormData object', remedy: 'Pass [...form], its entries' }],
  ['URLSearchParams', { what: 'a URLSearchParams object', remedy: 'Pass String(params)' }],
])

/** The refusal of a function, which never travels. */
export function functionRefusal(value: object): Refusing {
  const name = brandOf(value)
  if (name !== undefined) return handleRefusal(name)
  return identityOf(value) ? taskFunction : plainFunction
}

/** The refusal of something that belongs to the thread that made it, by the name that it is marked with. */
export function handleRefusal(name: string): Refusing {
  return (
    refusedHandles.get(name) ??
    inShared(name) ?? {
      what: `an instance of ${name}`,
      remedy: keepHere,
    }
  )
}

/** The refusal of everything of `skein/shared`, and of memory of WebAssembly: they are memory of this process. */
function inShared(name: string): Refusing | undefined {
  if (!name.startsWith('Shared') && name !== 'WasmMemory') return undefined
  return {
    what: `a ${name}, whose memory only the threads of one program have in common`,
    remedy: 'Run the call on threads(); to other processes and to queues pass a copy of what it holds',
  }
}

const keepHere =
  'It belongs to the thread that made it: use it here, around the call, and pass what the task needs to know as data'

const plainFunction: Refusing = {
  what: 'a function',
  remedy:
    'Make it a task and pass a Call of it where its result is wanted, as in call(task, …), ' +
    'or pass data and choose the function on the other side',
  remedyInQueue:
    'Pass data, as the name of what is to be done, and choose the function by it in the task; or make it a task of its own',
}
const taskFunction: Refusing = {
  what: 'a task',
  remedy:
    'Pass a Call of it, as in call(task, …), if its result is wanted; else import the task in the module that uses it',
  remedyInQueue:
    'If its result is wanted, run it first and pass the result; else import the task in the module that uses it',
}
const callHandle: Refusing = {
  what: 'a Call in a place where it is not run',
  remedy:
    'Calls are run where they are arguments, or in arrays and plain objects there. ' +
    'A task that has a Call returns its result, as in await executor.run(call)',
  remedyInQueue: 'Run it first and pass its result, as in await queue.run(call)',
}
const jobHandle: Refusing = {
  what: 'a Job',
  remedy: 'A job belongs to the thread that submitted it: pass its value, as in await job.result()',
}
const putHandle: Refusing = {
  what: 'the handle of a value that was put, in a place where nobody puts the value in',
  remedy:
    'It takes the place of its value in the arguments of calls on the event loop, on threads and in processes. ' +
    'Elsewhere pass the value itself; what many durable jobs need belongs into a file or a database, whose name they get',
}
const scopeHandle: Refusing = {
  what: 'a Scope',
  remedy:
    'A scope belongs to its thread: inside a task call current() for the scope of the task, ' +
    'which is cancelled with its caller',
}
const executorHandle: Refusing = {
  what: 'an Executor',
  remedy: 'An executor belongs to its thread: give the work to it here, and pass the results',
}
const line = (name: string): Refusing => ({
  what: `an instance of ${name}`,
  remedy:
    'It belongs to the thread that made it: pass what it holds as arguments, one call for each part; to get values while a task runs let the task be a generator ' +
    'and read it with executor.stream(task, …)',
})

const refusedHandles: ReadonlyMap<string, Refusing> = /* @__PURE__ */ new Map<string, Refusing>([
  ['Call', callHandle],
  ['Job', jobHandle],
  ['Put', putHandle],
  ['Scope', scopeHandle],
  ['Executor', executorHandle],
  ['Queue', /* @__PURE__ */ line('Queue')],
  ['Sender', /* @__PURE__ */ line('Sender')],
  ['Receiver', /* @__PURE__ */ line('Receiver')],
])
