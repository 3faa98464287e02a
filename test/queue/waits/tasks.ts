import { call, CancelledError, current, NonRetryableError, task, TimeoutError } from 'skein'
import { callStep, signalStep, sleepStep } from 'skein/queue'

/** The parts of `order` that have been worked on, in this program. */
export const done: string[] = []

/** Three steps, a sleep, an approval; what was done is taken back when it is declined. */
export const order = task(import.meta, async function order(item: string) {
  const s = current()
  const number = await s.step('reserve', () => note(`reserve ${item}`), { undo: () => void note(`release ${item}`) })
  await sleepStep(s, 'cooling off', '30d')
  const paid = await s.step('charge', () => note(`charge ${item}`), { undo: () => void note(`refund ${item}`) })
  let by: string
  try {
    const answer = await signalStep<{ by: string; declined?: boolean }>(s, 'approval', { timeout: '3d' })
    if (answer.declined) throw new NonRetryableError(`declined by ${answer.by}`)
    by = answer.by
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    by = 'nobody'
  }
  const sent = await s.step('send', () => note(`send ${item}, ${by}`))
  return [number, paid, sent, by]
})

function note(text: string): string {
  done.push(text)
  return text
}

/** Waits for a signal for as long as it takes. */
export const asks = task(import.meta, async function asks(name: string) {
  return signalStep(current(), name)
})

/** Sleeps so many milliseconds, and says when it woke. */
export const sleeps = task(import.meta, async function sleeps(time: number) {
  await sleepStep(current(), 'a while', time)
  return 'awake'
})

export const double = task(import.meta, (value: number) => value * 2, { name: 'waits.double' })

export const fails = task(
  import.meta,
  function fails(value: number) {
    done.push(`fails ${value} in attempt ${current().attempt}`)
    throw new NonRetryableError(`no ${value}`)
  },
  { name: 'waits.fails' },
)

/** Adds up what two others make, each of which waits in its turn. */
export const adds = task(import.meta, async function adds(value: number) {
  const s = current()
  const [one, two] = await Promise.all([
    callStep(s, 'one', double, value),
    callStep(s, 'two', call(nested, value).with({ queue: 'default' })),
  ])
  return one + two
})

/** Has two numbers doubled at once. */
export const doubles = task(import.meta, async function doubles(value: number) {
  const s = current()
  return Promise.all([callStep(s, 'one', double, value), callStep(s, 'two', double, value + 1)])
})

/** Has three numbers doubled one after the other, the first under an id like those that the others get. */
export const names = task(import.meta, async function names(id: string) {
  const s = current()
  const first = await callStep(s, 'one', call(double, 1).with({ id: `${id}/1` }))
  return [first, await callStep(s, 'two', double, 2), await callStep(s, 'three', double, 3)]
})

/** Notes that it runs, and does so many waits of a kind side by side; sleeps end so many milliseconds one after the other. */
export const waitsForAll = task(
  import.meta,
  async function waitsForAll(kind: 'call' | 'signal' | 'sleep', count: number, apart = 0) {
    const s = current()
    note('runs')
    const waits = {
      call: (name: string, n: number) => callStep(s, name, double, n),
      signal: (name: string) => signalStep(s, name),
      sleep: (name: string, n: number) => sleepStep(s, name, 60_000 + n * apart),
    }
    await Promise.all(Array.from({ length: count }, (_, n) => waits[kind](`number ${n}`, n)))
    return count
  },
)

/** Has so many numbers doubled at once. */
export const sums = task(import.meta, async function sums(count: number) {
  const s = current()
  const all = await Promise.all(Array.from({ length: count }, (_, n) => callStep(s, `number ${n}`, double, n)))
  return all.reduce((sum, each) => sum + each, 0)
})

/** Has a number doubled three times, each by another job. */
export const graph = task(import.meta, async function graph(value: number) {
  return callStep(current(), 'graph', call(double, call(double, call(double, value))))
})

/** Sleeps between the values that it yields. */
export const tells = task(import.meta, async function* tells(count: number) {
  const s = current()
  for (let n = 0; n < count; n++) {
    if (n > 0) await sleepStep(s, `nap ${n}`, '1h')
    yield String(n)
  }
})

/** Lets another one wait for it. */
export const nested = task(import.meta, async function nested(value: number): Promise<number> {
  const s = current()
  await sleepStep(s, 'a while', '1h')
  return callStep(s, 'inner', double, value)
})

/** Catches what the other job throws, and waits again before it goes on. */
export const catches = task(import.meta, async function catches(value: number) {
  const s = current()
  const story: string[] = []
  for (const name of ['a', 'b']) {
    try {
      await (name === 'a'
        ? callStep(s, name, fails, value)
        : s.step(name, () => Promise.reject(Object.assign(new Error(note('failed')), { rate: Number.NaN }))))
    } catch (error) {
      if (error instanceof CancelledError && error.source === 'suspended') throw error
      story.push(
        `${name}: ${(error as Error).name} ${(error as Error).message} ${String((error as { rate?: number }).rate)}`,
      )
    }
  }
  await sleepStep(s, 'a while', '1d')
  return story
})

/** Fails with the other job, and is tried again. */
export const insists = task(import.meta, async function insists(value: number) {
  const s = current()
  done.push(`insists ${s.attempt}`)
  return callStep(s, 'it', fails, value)
})

/** Goes on without another job and without a signal, fails, and waits for something new before it tries both again. */
export const keepsAsking = task(import.meta, async function keepsAsking() {
  const s = current()
  if (s.attempt > 1) await sleepStep(s, `a while before attempt ${s.attempt}`, '1h')
  const asked = await Promise.allSettled([
    callStep(s, 'other', failsOnce),
    signalStep<string>(s, 'word', { timeout: '1d' }),
  ])
  const story = asked.map(each => (each.status === 'fulfilled' ? each.value : (each.reason as Error).name))
  if (story.includes('Error')) throw new Error(story.join(', '))
  return story
})

let tried = 0
export const failsOnce = task(import.meta, function failsOnce() {
  if (++tried === 1) throw new Error('not yet')
  return 'done'
})

/** Steps, a sleep and a signal side by side. */
export const sideBySide = task(import.meta, async function sideBySide() {
  const s = current()
  done.push('begins')
  return Promise.all([
    s.step('quick', () => note('quick')),
    sleepStep(s, 'one hour', '1h').then(() => s.step('after one hour', () => note('after one hour'))),
    signalStep<string>(s, 'word').then(word => s.step('after the word', () => note(`after ${word}`))),
    sleepStep(s, 'two hours', '2h').then(() => note('two hours')),
  ])
})

/** Waits while a step of its own is worked on, which ends once the signal is there. */
export const works = task(import.meta, async function works() {
  const s = current()
  let arrived = (): void => {}
  const word = signalStep<string>(s, 'word').finally(() => arrived())
  const [first, second] = await Promise.all([
    word,
    s.step('long', async () => {
      s.log('working')
      await new Promise<void>(resolve => (arrived = resolve))
      return 'long'
    }),
  ])
  return `${first}, ${second}`
})

/** Swallows the cancellation by which it is to give its place back. */
export const swallows = task(import.meta, async function swallows() {
  try {
    return await signalStep<string>(current(), 'word')
  } catch {
    return 'swallowed'
  }
})

/** Begins a wait under a name that is taken, or in a step. */
export const wrong = task(
  import.meta,
  async function wrong(what: 'twice' | 'in a step' | 'name' | 'half' | 'step' | 'cut' | 'record' | 'signal') {
    const s = current()
    switch (what) {
      case 'twice':
        await s.step('x', () => 1)
        return sleepStep(s, 'x', '1d')
      case 'in a step':
        return s.step('x', inner => sleepStep(inner, 'y', '1d'))
      case 'name':
        return sleepStep(s, '', '1d')
      case 'half':
        return sleepStep(s, 'a\ud800', '1d')
      case 'step':
        return s.step('a\ud800', () => 1)
      case 'cut':
        return s.step('a\0b', () => 1)
      case 'record':
        return s.step('wait: x', () => 1)
      case 'signal':
        return callStep(s, 'x', call(double, 1).with({ signal: new AbortController().signal }))
    }
  },
)

/** A sleep that has become a signal with a later version of the program. */
let version = 1
export function deploy(next: number): void {
  version = next
}
export const changes = task(import.meta, async function changes() {
  const s = current()
  if (version === 1) await sleepStep(s, 'x', '1d')
  else await signalStep(s, 'x')
})

export const all = [
  order,
  asks,
  sleeps,
  double,
  fails,
  adds,
  doubles,
  names,
  sums,
  waitsForAll,
  graph,
  tells,
  nested,
  catches,
  insists,
  keepsAsking,
  failsOnce,
  sideBySide,
  works,
  swallows,
  wrong,
  changes,
]
