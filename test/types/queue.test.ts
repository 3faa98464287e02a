import { test } from 'node:test'
import { call, type Call, type CallOptions, type Scope, type StandardSchema, task } from 'skein'
import {
  callStep,
  contract,
  signalStep,
  sleepStep,
  submitNext,
  type DurableJob,
  type JobStatus,
  type DurableQueue,
} from 'skein/queue'
import type { MapResults, Settled } from 'skein'
import { exactly } from './expect.ts'

// Nothing in this file runs: the compiler checks it, and each @ts-expect-error is an error where nothing is refused.

declare const queue: DurableQueue
declare const s: Scope
declare function schema<T>(): StandardSchema<T>

/** What libraries give: more than is asked for, and an input that differs from the output. */
interface LibrarySchema<Input, Output> {
  parse(value: unknown): Output
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (
      value: unknown,
      options?: { readonly libraryOptions?: Record<string, unknown> },
    ) =>
      | { readonly value: Output; readonly issues?: undefined }
      | {
          readonly issues: readonly {
            readonly message: string
            readonly path?: readonly (PropertyKey | { key: PropertyKey })[]
          }[]
        }
      | Promise<
          | { readonly value: Output; readonly issues?: undefined }
          | { readonly issues: readonly { readonly message: string }[] }
        >
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}
declare function librarySchema<Input, Output>(): LibrarySchema<Input, Output>

const add = task(import.meta, function add(a: number, b: number) {
  return a + b
})
const later = task(import.meta, async function later(text: string): Promise<Date> {
  return new Date(text)
})
const count = task(import.meta, async function* count(end: number) {
  yield end
})

const ship = task(import.meta, (receipt: string) => receipt.length, { name: 'ship' })
const shipFast = task(import.meta, (receipt: string, how: string) => receipt + how, { name: 'shipFast' })
const note = task(import.meta, (_what: unknown, _more?: string) => {}, { name: 'note' })
declare const loose: CallOptions

function followers(): void {
  exactly<Call<Date>>()(call(later, 'x').with({ onDone: note, onError: ship }))
  call(ship, 'x').with({ onDone: [count, call(ship, 'y'), note], onError: [note, call(shipFast, 'id', 'fast')] })
  call(add, call(add, 1, 2), 3).with({ onDone: count })
  call(add, 1, 2).with(loose)
  // @ts-expect-error it takes a string, and the result is a number
  call(add, 1, 2).with({ onDone: ship })
  // @ts-expect-error one of them does
  call(add, 1, 2).with({ onDone: [count, ship] })
  // @ts-expect-error nobody gives it a second argument
  call(ship, 'x').with({ onDone: add })
  // @ts-expect-error it takes a number, and the id is a string
  call(add, 1, 2).with({ onError: count })
  // @ts-expect-error a plain function is not a task
  call(add, 1, 2).with({ onDone: (n: number) => n })
}

function waits(): void {
  exactly<Promise<number>>()(callStep(s, 'add', add, 1, 2))
  exactly<Promise<Date>>()(callStep(s, 'later', call(later, 'x').with({ retries: 3 })))
  exactly<Promise<number>>()(callStep(s, 'nested', call(add, call(add, 1, 2), 3)))
  exactly<Promise<{ ok: boolean }>>()(signalStep<{ ok: boolean }>(s, 'approval', { timeout: '3d' }))
  exactly<Promise<unknown>>()(signalStep(s, 'approval'))
  exactly<Promise<void>>()(sleepStep(s, 'a while', '30d'))
  exactly<Promise<void>>()(sleepStep(s, 'until then', new Date(0)))
  exactly<Promise<void>>()(queue.signal('id', 'approval', { ok: true }))
  // @ts-expect-error an argument of another type
  void callStep(s, 'add', add, 1, 'two')
  // @ts-expect-error a generator has no one result
  void callStep(s, 'count', count, 3)
  // @ts-expect-error a length of time has a unit
  void sleepStep(s, 'a while', '30 days')
  // @ts-expect-error a wait has a name
  void signalStep(s)
}

function calls(): void {
  exactly<Promise<DurableJob<number>>>()(queue.submit(add, 1, 2))
  exactly<Promise<DurableJob<Date>>>()(queue.submit(later, 'x'))
  exactly<Promise<DurableJob<Date>>>()(queue.submit(call(later, 'x').with({ delay: '1m', priority: 9 })))
  exactly<Promise<number>>()(queue.run(add, 1, 2))
  exactly<MapResults<Date>>()(queue.map(later, ['a'], { tags: ['x'], queue: 'other', lookAhead: 10 }))
  exactly<MapResults<Settled<Date>>>()(queue.map(later, ['a'], { settle: true }))
  exactly<AsyncIterableIterator<number>>()(queue.stream(count, 3))
  exactly<Promise<DurableJob<string> | undefined>>()(queue.job<string>('id'))
  exactly<Promise<DurableJob<unknown> | undefined>>()(queue.job('id'))
  exactly<Promise<JobStatus[]>>()(queue.jobs({ states: ['dead'], limit: 5 }))

  // @ts-expect-error an argument of the wrong type
  void queue.submit(add, 1, 'two')
  // @ts-expect-error an argument too few
  void queue.submit(add, 1)
  // @ts-expect-error items of the wrong type
  void queue.map(later, [1])
  // @ts-expect-error a plain function is no task
  void queue.submit((a: number) => a, 1)
  // @ts-expect-error a generator is streamed
  void queue.submit(count, 1)
  // @ts-expect-error a state that there is not
  void queue.jobs({ states: ['lost'] })
  // @ts-expect-error a retention is no option of a map
  void queue.map(later, ['a'], { retention: 1 })
}

function next(): void {
  exactly<Promise<string>>()(submitNext(s, add, 1, 2))
  exactly<Promise<string>>()(submitNext(s, call(later, 'x').with({ delay: '1d', unique: { key: 'k', for: '2d' } })))
  // @ts-expect-error an argument of the wrong type
  void submitNext(s, add, 1, 'two')
  // @ts-expect-error an argument too few
  void submitNext(s, add, 1)
  // @ts-expect-error a plain function is no task
  void submitNext(s, (a: number) => a, 1)
  // @ts-expect-error a generator is streamed
  void submitNext(s, count, 1)
  // @ts-expect-error it needs the scope of the task
  void submitNext(add, 1, 2)
}

function options(): void {
  exactly<Call<number>>()(
    call(add, 1, 2).with({
      id: 'report-2026-01',
      queue: 'mails',
      eta: new Date(),
      expires: '1h',
      deadline: 5_000,
      grace: '1s',
      unique: { key: 'k', for: '1d', conflict: 'join' },
      limit: { key: 'k', concurrency: 1, rate: { count: 5, per: '1m' }, strategy: 'drop' },
      retries: { times: 3, never: ['E_BAD'] },
      ignoreResult: true,
      headers: { trace: 'x' },
      tags: ['a'],
    }),
  )
  // @ts-expect-error no such conflict
  call(add, 1, 2).with({ unique: { key: 'k', conflict: 'ignore' } })
  // @ts-expect-error a year has no unit
  call(add, 1, 2).with({ unique: { key: 'k', for: '1y' } })
  // @ts-expect-error an id is a string
  call(add, 1, 2).with({ id: 17 })
  // @ts-expect-error the calls of a map cannot be one job
  void queue.map(later, ['a'], { id: 'x' })
  // @ts-expect-error no such option
  call(add, 1, 2).with({ qeueu: 'mails' })
  // @ts-expect-error a duration needs a unit
  call(add, 1, 2).with({ delay: '5' })
  // @ts-expect-error a limit needs a key
  call(add, 1, 2).with({ limit: { concurrency: 1 } })
}

function definitions(): void {
  interface Mail {
    readonly to: string
    readonly copies: number
  }
  const send = (mail: Mail): string => mail.to
  exactly<string>()(
    task(import.meta, send, { name: 'a', input: schema<Mail>(), output: schema<string>() })({ to: '', copies: 1 }),
  )
  task(import.meta, send, { name: 'b', input: librarySchema<{ to: string; copies: string }, Mail>() })
  task(import.meta, send, { name: 'c', input: [librarySchema<unknown, Mail>()] })
  task(import.meta, (a: number, b?: string) => [a, b], { name: 'd', input: [schema<number>(), undefined] })
  task(import.meta, async () => 5, { name: 'e', output: librarySchema<number, number>() })
  task(import.meta, send, { name: 'f', retryIf: (error, attempt) => error instanceof TypeError && attempt < 3 })
  // @ts-expect-error a schema that gives something else
  task(import.meta, send, { name: 'g', input: schema<{ to: number; copies: number }>() })
  // @ts-expect-error a result that the task does not give
  task(import.meta, send, { name: 'h', output: schema<number>() })
  // @ts-expect-error a schema for the wrong argument
  task(import.meta, (a: number, b: string) => [a, b], { name: 'i', input: [schema<string>(), schema<number>()] })
  // @ts-expect-error no such option
  task(import.meta, send, { name: 'j', inputs: schema<Mail>() })
}

function contracts(): void {
  const sum = contract<(x: number, y: number) => number>('proj.add')
  exactly<Promise<DurableJob<number>>>()(queue.submit(sum, 1, 2))
  exactly<Promise<number>>()(queue.run(call(add, call(sum, 1, 2), 3)))
  // @ts-expect-error an argument of the wrong type
  void queue.submit(sum, 1, 'two')
  // @ts-expect-error an argument is missing
  void queue.submit(sum, 1)
  exactly<Promise<DurableJob<string>>>()(queue.submit(contract<(x: number) => Promise<string>>('proj.text'), 1))

  const scale = contract<(x: number, options?: { by?: number }) => number>('proj.scale', {
    keywords: true,
    floats: [0, 'by'],
  })
  exactly<Promise<DurableJob<number>>>()(queue.submit(scale, 1, { by: 2 }))
  // @ts-expect-error a keyword of the wrong type
  void queue.submit(scale, 1, { by: '2' })
  // @ts-expect-error a keyword that the contract has not
  void queue.submit(scale, 1, { times: 2 })
  // @ts-expect-error the last argument is a number, and cannot have the keyword arguments
  contract<(x: number, y: number) => number>('proj.add', { keywords: true })
  // @ts-expect-error the option is called keywords
  contract<(x: number) => number>('proj.add', { keyword: true })
  // @ts-expect-error a schema of something else
  contract<(x: number) => number>('proj.add', { input: schema<string>() })
}

test('a queue infers and refuses as it says', () => {
  void [calls, followers, waits, next, options, definitions, contracts]
})
