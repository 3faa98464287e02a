import { test } from 'node:test'
import {
  all,
  allSettled,
  any,
  asCompleted,
  failAfter,
  type Job,
  map,
  type MapResults,
  moveOnAfter,
  race,
  type Scope,
  scope,
  scopeKey,
  type Settled,
  some,
} from 'skein'
import { exactly } from './expect.ts'

// Nothing in here runs: the compiler checks it.

declare const s: Scope
const text = async (s: Scope): Promise<string> => s.name
const number = (): number => 1

async function steps(): Promise<void> {
  const seat = await s.step('train', async () => 7, {
    retries: { times: 3, backoff: '10s' },
    undo: (s, seat) => {
      exactly<Scope>()(s)
      exactly<number>()(seat)
    },
    undoTimeout: '1h',
  })
  exactly<number>()(seat)
  // @ts-expect-error: the value is a number
  await s.step('train', () => 7, { undo: (_, seat: string) => seat })
  // @ts-expect-error: the name of the option is retries
  await s.step('train', () => 7, { times: 3 })
}
void steps

async function results(): Promise<void> {
  const list = await all([text, number, s => s.cancelled], s)
  exactly<[string, number, boolean]>()(list)
  const record = await all({ text, number, later: async () => null }, s)
  exactly<{ text: string; number: number; later: null }>()(record)
  const many = await all([1, 2].map(at => async () => at))
  exactly<number[]>()(many)
  const settled = await allSettled([text, number], new AbortController().signal)
  exactly<[PromiseSettledResult<string>, PromiseSettledResult<number>]>()(settled)
  const first = await race([text, number], s)
  exactly<string | number>()(first)
  const good = await any([text, text], s)
  exactly<string>()(good)
  const quorum = await some(2, [text, number, number], s)
  for (const { value } of quorum) exactly<string | number>()(value)
  for await (const { index, value } of asCompleted([text, number], s)) {
    exactly<number>()(index)
    exactly<string | number>()(value)
  }
}

async function mapped(items: AsyncIterable<Date>): Promise<void> {
  exactly<MapResults<number>>()(map(['a'], name => name.length))
  exactly<MapResults<string>>()(map(items, async (date, s, index) => `${date.getTime()} ${s.name} ${index}`, {}, s))
  exactly<MapResults<Settled<number>>>()(map([1], n => n, { concurrency: 2, settle: true }))
  exactly<MapResults<number>>()(map([1], n => n, { settle: false, timeout: '1s' }, new AbortController().signal))
  exactly<string[]>()(await map(new Set([1]), (_, s) => s.name).toArray())
  for await (const end of map([1], text as never, { settle: true })) {
    if (end.state === 'failed') exactly<unknown>()(end.error)
  }
  // @ts-expect-error a single number is no source
  map(1, n => n)
  // @ts-expect-error the items are strings
  map(['a'], (n: number) => n)
  // @ts-expect-error an option of executors alone
  map([1], n => n, { chunk: 2 })
}

async function methods(): Promise<void> {
  const job = s.spawn(text, { service: true })
  exactly<Job<string>>()(job)
  const port = await s.spawnReady<number>((_s, ready) => ready(80))
  exactly<number>()(port)
  const moved = await s.moveOnAfter('1s', text)
  exactly<string | undefined>()(moved)
  const otherwise = await moveOnAfter('1s', text, 0)
  exactly<string | number>()(otherwise)
  const failed = await failAfter('1s', number)
  exactly<number>()(failed)
  const key = scopeKey<{ readonly id: string }>('request')
  const carried = s.get(key)
  exactly<{ readonly id: string }>()(carried)
  const within = await s.with(key, { id: 'a' }, s => s.get(key).id)
  exactly<string>()(within)
}

function refused(): void {
  // @ts-expect-error a promise is no function
  void all([text(s)], s)
  // @ts-expect-error the owner comes last, and is a scope or a signal
  void all([text], { timeout: 5 })
  // @ts-expect-error an option that nobody knows
  void scope(number, { timout: 5 })
  // @ts-expect-error a value of another type
  void s.with(scopeKey<string>('name'), 5, number)
  // @ts-expect-error ready takes what was promised
  void s.spawnReady<number>((_s, ready) => ready('80'))
  // @ts-expect-error a shield has a limit
  void s.shield(number)
  // @ts-expect-error the cause of a scope can be read only
  s.cause = undefined
}

test('types of structured concurrency', () => {
  void [results, mapped, methods, refused]
})
