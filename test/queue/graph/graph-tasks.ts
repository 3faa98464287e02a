import { type Call, call, current, NonRetryableError, task } from 'skein'

/** The tasks that have run, in order, by what they were given as their name. */
export const ran: string[] = []

export const add = task(import.meta, function add(a: number, b: number) {
  return a + b
})

export const total = task(import.meta, function total(ns: readonly number[]) {
  return ns.reduce((sum, n) => sum + n, 0)
})

export const double = task(import.meta, function double(n: number) {
  ran.push(`double ${n}`)
  return n * 2
})

export const half = task(import.meta, function half(n: number) {
  ran.push(`half ${n}`)
  if (n % 2 === 1) throw new NonRetryableError(`${n} is odd`)
  return n / 2
})

/** Fails as long as the name is in here. */
export const broken = new Set<string>()

export const named = task(import.meta, function named(name: string, ..._needs: readonly unknown[]) {
  ran.push(name)
  if (broken.has(name)) throw new NonRetryableError(`${name} is broken`)
  return name
})

/** Called when `waitForever` begins. */
export const hooks: { onWait: () => void } = { onWait: () => {} }

/** Ends when it is cancelled, and not before. */
export const waitForever = task(import.meta, async function waitForever() {
  hooks.onWait()
  await current().sleep('1000d')
})

export const show = task(import.meta, function show(...values: readonly unknown[]) {
  return values
})

export const shapes = task(import.meta, function shapes(map: Map<string, unknown>, at: Date, bytes: Uint8Array) {
  return [[...map.keys()], at.getTime(), [...bytes]]
})

export const makeMap = task(import.meta, function makeMap() {
  return new Map([['key', 1n]])
})

export const makeDate = task(import.meta, function makeDate() {
  return new Date(5)
})

export const makeBytes = task(import.meta, function makeBytes() {
  return new Uint8Array([1, 2])
})

export const nothing = task(import.meta, function nothing() {
  return undefined
})

/** Returns the next call again and again. */
export const countdown = task(
  import.meta,
  (n: number): Call<string> => {
    ran.push(`countdown ${n}`)
    return n === 0 ? call(named, 'landed') : (call(countdown as never, n - 1) as Call<string>)
  },
  { name: 'graph-tasks.countdown' },
)

export const spread = task(import.meta, function spread(ns: readonly number[]): Call<number> {
  ran.push('spread')
  return call(
    total,
    ns.map(n => call(half, n)),
  )
})

export const spreadForever = task(import.meta, function spreadForever(): Call<unknown> {
  return call(show, call(waitForever)) as Call<unknown>
})

/** Returns a graph of parts, and of one that comes after them. */
export const plan = task(import.meta, function plan(parts: readonly string[]): Call<string> {
  ran.push('plan')
  return planned(parts)
})

/** The same, after a step that is undone when it fails. */
export const bookAndPlan = task(import.meta, async function bookAndPlan(parts: readonly string[]) {
  await current().step('book', () => void ran.push('book'), { undo: () => void ran.push('undo book') })
  return planned(parts)
})

function planned(parts: readonly string[]): Call<string> {
  const calls = parts.map(part => call(named, part))
  return call(named as never, 'planned', ...calls) as Call<string>
}

/** All of them. */
export const tasks = [
  add,
  total,
  double,
  half,
  named,
  waitForever,
  show,
  shapes,
  makeMap,
  makeDate,
  makeBytes,
  nothing,
  countdown,
  spread,
  spreadForever,
  plan,
  bookAndPlan,
]
