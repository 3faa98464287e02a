import { test } from 'node:test'
import { call, type Call, chain, chord, chunks, group, type Job, loop, orElse, settle, starmap, task } from 'skein'
import { exactly } from './expect.ts'

// Nothing in this file runs: the compiler checks it, and each @ts-expect-error is an error where nothing is refused.

const fetchPage = task(import.meta, async function fetchPage(url: string): Promise<string> {
  return url
})
const parse = task(import.meta, (page: string, loosely = false) => ({ size: page.length, loosely }), { name: 'parse' })
const store = task(import.meta, async (parsed: { readonly size: number }) => parsed.size > 0, { name: 'store' })
const add = task(import.meta, (a: number, b: number) => a + b, { name: 'add' })
const double = task(import.meta, (n: number) => n * 2, { name: 'double' })
const total = task(import.meta, (ns: readonly number[]) => ns.reduce((a, b) => a + b, 0), { name: 'total' })
const pair = task(import.meta, ([size, text]: [number, string]) => text.repeat(size), { name: 'pair' })
const loose = task(import.meta, (value: any): any => value, { name: 'loose' }) // oxlint-disable-line no-explicit-any
const same = task(import.meta, <T>(value: T): T => value, { name: 'same' })
const count = task(import.meta, function* count(to: number) {
  for (let i = 0; i < to; i++) yield i
})
const callBack = task(import.meta, (n: number) => () => n, { name: 'callBack' })
const plain = (n: number): number => n

function chainsAreTypedToTheLast(job: Job<string>): void {
  exactly<Call<boolean>>()(chain(call(fetchPage, 'a'), parse, store))
  exactly<Call<{ size: number; loosely: boolean }>>()(chain(job, parse))
  exactly<Call<string>>()(chain(call(fetchPage, 'a')))
  exactly<Call<number>>()(
    chain(call(double, 1), double, double, double, double, double, double, double, double, double),
  )
  exactly<Call<number>>()(chain(group([call(double, 1), call(double, 2)]), total, double))
  exactly<Call<boolean>>()(chain(call(fetchPage, 'a').with({ retries: 3 }), parse, store).with({ timeout: '1m' }))
  exactly<Call<any>>()(chain(call(double, 1), loose)) // oxlint-disable-line no-explicit-any
  exactly<Call<number>>()(chain(call(double, 1), loose, double))
  exactly<Call<unknown>>()(chain(call(double, 1), same))
  const steps: (typeof double)[] = []
  exactly<Call<number>>()(chain(call(double, 1), ...steps))
  // @ts-expect-error the wrong order: store takes what parse returns
  chain(call(fetchPage, 'a'), store, parse)
  // @ts-expect-error a number where a string is wanted
  chain(call(double, 1), fetchPage)
  // @ts-expect-error the last one takes a number
  chain(call(fetchPage, 'a'), parse, double)
  // @ts-expect-error a task that must have two arguments
  chain(call(double, 1), add)
  // @ts-expect-error a plain function is no task
  chain(call(double, 1), plain)
  // @ts-expect-error nor is a call a step
  chain(call(double, 1), call(double, 2))
  // @ts-expect-error a chain begins with a call
  chain(double, double)
  // @ts-expect-error a generator is read with stream
  chain(call(double, 1), count)
  // @ts-expect-error what cannot be sent
  chain(call(double, 1), callBack)
}

function groupsHaveTheResultsOfTheirMembers(job: Job<string>): void {
  exactly<Call<[number, string]>>()(group([call(double, 1), job]))
  exactly<Call<number[]>>()(group([1, 2].map(n => call(double, n))))
  exactly<Call<[]>>()(group([]))
  exactly<Call<string>>()(chord([call(double, 2), call(fetchPage, 'a')], pair))
  exactly<Call<number>>()(
    chord(
      [1, 2].map(n => call(double, n)),
      total,
    ),
  )
  exactly<Call<number>>()(call(total, group([call(double, 1), call(double, 2)])))
  // @ts-expect-error a task is no member, its call is
  group([double])
  // @ts-expect-error nor is a value
  group([1])
  // @ts-expect-error the members come in another order
  chord([call(fetchPage, 'a'), call(double, 2)], pair)
  // @ts-expect-error strings, where numbers are wanted
  chord([call(fetchPage, 'a')], total)
}

function manyCallsOfOneTask(): void {
  exactly<Call<number[]>>()(
    starmap(add, [
      [1, 2],
      [3, call(double, 4)],
    ]),
  )
  exactly<Call<string[]>>()(starmap(fetchPage, [['a']]))
  exactly<Call<number[]>>()(chunks(double, [1, 2, 3], 2))
  exactly<Call<string[]>>()(chunks(fetchPage, new Set(['a']), 2))
  // @ts-expect-error one argument is missing
  starmap(add, [[1]])
  // @ts-expect-error strings, where numbers are wanted
  starmap(add, [['1', '2']])
  // @ts-expect-error strings, where numbers are wanted
  chunks(double, ['1'], 2)
  // @ts-expect-error two arguments
  chunks(add, [1], 2)
}

const handOn = task(import.meta, (n: number) => call(double, n), { name: 'handOn' })
const perhaps = task(import.meta, async (n: number) => (n > 0 ? call(fetchPage, 'a') : n), { name: 'perhaps' })

function aCallThatIsReturnedIsItsResult(): void {
  exactly<Call<number>>()(call(handOn, 1))
  exactly<Promise<number>>()(loop.run(handOn, 1))
  exactly<Promise<string | number>>()(loop.run(perhaps, 1))
  exactly<Call<number>>()(chain(call(double, 1), handOn, double))
  exactly<Call<number>>()(call(total, [call(handOn, 1)]))
}

function edgesThatDoNotFail(job: Job<string>): void {
  exactly<Call<number | undefined>>()(orElse(call(double, 1), undefined))
  exactly<Call<string | number>>()(orElse(call(fetchPage, 'a'), 0))
  exactly<Call<string | number>>()(orElse(job, call(double, 1)))
  exactly<Call<number>>()(call(total, [orElse(call(double, 1), 0), 2]))
  exactly<Call<PromiseSettledResult<number>>>()(settle(call(double, 1)))
  // @ts-expect-error a string in the place of a number
  call(total, [orElse(call(double, 1), 'none')])
  // @ts-expect-error a value cannot fail
  orElse(1, 2)
  // @ts-expect-error an outcome is no number
  call(total, [settle(call(double, 1))])
}

test('the types of graphs hold', () => {
  void [
    chainsAreTypedToTheLast,
    groupsHaveTheResultsOfTheirMembers,
    manyCallsOfOneTask,
    edgesThatDoNotFail,
    aCallThatIsReturnedIsItsResult,
  ]
})
