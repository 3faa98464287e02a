import { addLine } from '../../conformance/files.ts'
import { current, type Scope, task } from 'skein'
import { callStep, effect, signalStep, sleepStep, submitNext } from 'skein/queue'

/** How a journey ends once all is booked. */
export type End =
  | 'well'
  | 'fails'
  | 'fails twice'
  | 'waits'
  | 'cannot be kept'
  | 'hides what has failed'
  | 'dies while it undoes'
  | 'comes to nothing'
  | 'forgets'

/** Books three things one after the other, says in a file what it does and takes back, and ends as it is told. */
export const journey = task(import.meta, async function journey(file: string, end: End): Promise<unknown> {
  const s = current()
  const note = (line: string): void => addLine(file, line)
  note(`attempt ${s.attempt}`)
  if (end === 'comes to nothing' && s.attempt > 1) throw new TypeError('the connection is gone')
  const book = (thing: string): Promise<string> =>
    s.step(
      thing,
      () => {
        note(`book ${thing}`)
        return `${thing} ${s.attempt}`
      },
      {
        undo: (_, booked) => {
          note(`cancel ${booked}`)
          if (end === 'dies while it undoes' && thing === 'hotel' && s.attempt === 2) process.exit(3)
        },
      },
    )
  const booked = end === 'forgets' && s.attempt > 1 ? [] : [await book('train'), await book('hotel')]
  if (end === 'cannot be kept') return () => booked
  if (end === 'waits') {
    s.log('waits')
    await s.sleep('1h')
  }
  if (end === 'fails twice' && s.attempt < 3) throw new RangeError(`no money in attempt ${s.attempt}`)
  if (end === 'forgets' && s.attempt === 1) throw new RangeError('once')
  const pay = s.step('pay', () => {
    if (end !== 'well' && end !== 'forgets') throw new RangeError('no money')
    note('pay')
  })
  if (end === 'hides what has failed' && s.attempt > 1) await pay.catch(() => note('all is well'))
  else await pay
  return booked
})

/** Its first step cannot be undone, and the second one only with some perseverance. */
export const stubborn = task(import.meta, async function stubborn(file: string) {
  const s = current()
  let runs = 0
  await s.step('first', () => 1, { undo: () => addLine(file, 'first is undone') })
  const never = (): never => {
    throw new TypeError('too late')
  }
  await s.step('never', () => 2, { undo: never })
  const undo = (): void => {
    if (++runs < 3) throw new RangeError(`run ${runs} fails`)
    addLine(file, `last is undone in run ${runs}`)
  }
  await s.step('last', () => 3, { retries: { times: 5, backoff: 0 }, undo })
  throw new RangeError('no money')
})

/** A row for what is booked, which goes when that is undone. */
export const inTables = task(import.meta, async function inTables() {
  const s = current()
  await s.step('book', s => effect(s, 'INSERT INTO booked VALUES (?)', ['train']), {
    undo: s => effect(s, 'DELETE FROM booked WHERE thing = ?', ['train']),
  })
  throw new RangeError('no money')
})

export const asksForMore = task(import.meta, async function asksForMore(what: 'a step' | 'a call') {
  const s = current()
  const undo = (inner: Scope): Promise<unknown> =>
    what === 'a step' ? inner.step('more', () => 1) : submitNext(inner, journey, '', 'well')
  await s.step('book', () => 1, { undo })
  throw new RangeError('no money')
})

export const manySteps = task(import.meta, async function manySteps(count: number) {
  const s = current()
  let undone = 0
  for (let i = 0; i < count; i++) await s.step(`step ${i}`, () => i, { undo: () => undone++ })
  if (s.attempt === 1) throw new RangeError('once')
  return undone
})

const waitsLong = task(import.meta, async function waitsLong(file: string) {
  const s = current()
  await s.sleep('365d')
  addLine(file, 'never comes to this')
})

/** Reserves, lets it rest for a month, asks for an approval, has another job do its part, and then fails. */
export const contract = task(import.meta, async function contract(file: string, calls: boolean) {
  const s = current()
  const note = (line: string): void => addLine(file, line)
  await s.step('reserve', () => note('reserve'), { undo: () => note('release') })
  await sleepStep(s, 'cooling off', '30d')
  await s.step('invite', () => note('invite'), { undo: () => note('send regrets') })
  const { ok } = await signalStep<{ ok: boolean }>(s, 'approval', { timeout: '3d' })
  await s.step('sign', () => note(`sign ${ok}`), { undo: () => note('tear up') })
  if (calls) await callStep(s, 'wait', waitsLong, file)
  throw new RangeError('no money')
})

export const tasks = [contract, waitsLong, journey, stubborn, inTables, asksForMore, manySteps]
