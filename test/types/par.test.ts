import { test } from 'node:test'
import type { Executor, Task } from 'skein'
import { jsonLines, lines, mapInPlace, type Par, par } from 'skein/par'
import type { SharedArray } from 'skein/shared'
import { exactly } from './expect.ts'

// Nothing in this file runs: the compiler checks it, and each @ts-expect-error is an error where nothing is refused.

declare const on: Executor
declare const shared: SharedArray<'float64'>
declare const big: SharedArray<'bigint64'>

interface Sale {
  readonly country: string
  readonly price: number
  readonly tags: string[]
}

declare const toText: Task<(n: number) => string>
declare const toNumberLater: Task<(text: string) => Promise<number>>
declare const isText: Task<(value: string | number) => value is string>
declare const letters: Task<(text: string) => string[]>
declare const lettersLater: Task<(text: string) => AsyncGenerator<string>>
declare const add: Task<(a: number, b: number) => number>
declare const total: Task<(sum: number, sale: Sale) => number>
declare const priceOf: Task<(sale: Sale) => number>
declare const handler: Task<(n: number) => () => void>

function types(): void {
  const numbers = par([1, 2, 3], { on })
  const sales = par(jsonLines<Sale>('sales.jsonl'), { on })
  const texts = par(lines('text.txt'), { on })
  exactly<Par<number>>()(numbers)
  exactly<Par<string>>()(texts)
  exactly<Par<number>>()(par(new Float64Array(1), { on }))
  exactly<Par<number>>()(par(shared, { on }))
  exactly<Par<bigint>>()(par(big, { on }))

  exactly<Par<string>>()(numbers.map(toText))
  exactly<Par<number>>()(texts.map(toNumberLater))
  exactly<Par<string>>()(par<string | number>([], { on }).filter(isText))
  exactly<Par<string>>()(texts.flatMap(letters))
  exactly<Par<string>>()(texts.flatMap(lettersLater))
  exactly<Par<number>>()(sales.map('price'))
  exactly<Par<string[]>>()(sales.map('tags'))
  exactly<Par<[Sale, number]>>()(
    sales.join([1, 2], { left: priceOf, right: toText as never as Task<(n: number) => number> }),
  )
  exactly<Par<[Sale, Sale | undefined]>>()(sales.join(sales, { left: 'country', right: 'country', outer: true }))
  exactly<Promise<number | undefined>>()(numbers.reduce(add))
  exactly<Promise<number>>()(numbers.reduce(add, 0))
  exactly<Promise<number>>()(sales.fold(0, total, add))
  exactly<Promise<Map<string, number>>>()(sales.foldBy('country', 0, total, add))
  exactly<Promise<Map<number, number>>>()(sales.foldBy(priceOf, 0, total, add))
  exactly<Promise<Map<string, number>>>()(sales.countBy('country'))
  exactly<Promise<Map<string, number>>>()(texts.countBy())
  exactly<Promise<number>>()(numbers.sum())
  exactly<Promise<Sale[]>>()(sales.topK(3, { by: 'price' }))
  exactly<Par<Sale>>()(sales.sort({ by: priceOf, descending: true }).distinct('country'))
  void mapInPlace(shared, add as never as Task<(n: number) => number>, { on })

  // @ts-expect-error: the place is missing
  par([1], {})
  // @ts-expect-error: takes a string
  numbers.map(toNumberLater)
  // @ts-expect-error: no such property
  sales.map('prize')
  // @ts-expect-error: not a task
  numbers.map((n: number) => n + 1)
  // @ts-expect-error: a function cannot be sent
  numbers.map(handler)
  // @ts-expect-error: the sum of texts
  void texts.sum()
  // @ts-expect-error: puts numbers together
  void texts.reduce(add)
  // @ts-expect-error: the initial value is of another type
  void sales.fold('', total, add)
  // @ts-expect-error: sorts by a property that is not there
  sales.sort({ by: 'prize' })
  // @ts-expect-error: a bigint for numbers
  void mapInPlace(big, add as never as Task<(n: number) => number>, { on })
}

test('the types of parallel collections', () => {
  void types
})
