import { current, type Scope, task } from 'skein'
import { addLine } from '../files.ts'

const noWait = { backoff: 0 }

/** Books things one after the other, notes in a file what it does and takes back, and ends as it is told. */
export const travel = task(
  import.meta,
  async function travel(file: string, end: 'well' | 'fails' | 'waits' | 'unbooked', things = ['train', 'hotel']) {
    const s = current()
    const note = (line: string): void => addLine(file, line)
    for (const thing of things) {
      await s.step(
        thing,
        () => {
          note(`book ${thing}`)
          return `${thing} 7`
        },
        { undo: (_, booked) => note(`cancel ${booked}`) },
      )
    }
    if (end === 'unbooked')
      await s.step('plane', () => Promise.reject(new RangeError('no seat')), { undo: () => note('?') })
    if (end === 'fails') throw new RangeError('no money')
    if (end === 'waits') {
      note('waits')
      await s.sleep('1h')
    }
    return things.length
  },
)

/** A step that fails so often. */
export const stubborn = task(import.meta, async function stubborn(failures: number, times: number) {
  const s = current()
  let runs = 0
  await s.step(
    'knock',
    () => {
      if (++runs <= failures) throw new RangeError(`run ${runs} fails`)
    },
    { retries: { times, ...noWait } },
  )
  return [runs, s.attempt]
})

/** Its undos fail so often before they work, and one of them always. */
export const hardToUndo = task(import.meta, async function hardToUndo(file: string, failures: number) {
  const s = current()
  let runs = 0
  const note = (line: string): void => addLine(file, line)
  await s.step('first', () => 1, { undo: () => note('first is undone') })
  const never = (): never => {
    throw new TypeError('never')
  }
  await s.step('never', () => 2, { undo: never })
  const undo = (): void => {
    if (++runs <= failures) throw new RangeError(`run ${runs} fails`)
    note(`last is undone in run ${runs}`)
  }
  await s.step('last', () => 3, { retries: { times: failures, ...noWait }, undo })
  throw new RangeError('no money')
})

/** What it has opened before a step is there when that is undone, and what it has opened after it is not. */
export const inOrder = task(import.meta, async function inOrder(file: string) {
  const s = current()
  const note = (line: string): void => addLine(file, line)
  s.onExit(() => note('close the connection'))
  await s.step('book', () => 1, { undo: () => note('undo') })
  s.onExit(() => note('close the page'))
  s.spawn(async s => {
    try {
      await s.sleep('1h')
    } finally {
      note('the child has ended')
    }
  })
  await s.sleep(0)
  throw new RangeError('no money')
})

export const hangsInUndo = task(import.meta, async function hangsInUndo() {
  const s = current()
  await s.step('book', () => 1, { undo: s => s.sleep('1h'), undoTimeout: 1 })
  throw new RangeError('no money')
})

/** Undoes in one item what that item has done. */
export const items = task(import.meta, async function items([file, item]: readonly [string, number]) {
  const note = (what: string): void => addLine(file, `${what} ${item}`)
  await current().step('book', () => note('book'), { undo: () => note('undo') })
  if (item % 2 === 1) throw new RangeError(`no ${item}`)
  return item
})

export const inside = task(
  import.meta,
  async function inside(how: 'in the body' | 'in a scope' | 'in a child' | 'in an undo') {
    const s = current()
    const inner = (at: Scope): Promise<number> => at.step('inner', () => 1)
    if (how === 'in the body') return s.step('outer', inner)
    if (how === 'in a scope') return s.step('outer', s => s.scope(inner))
    if (how === 'in a child') return s.step('outer', s => s.spawn(inner).result())
    await s.step('outer', () => 1, { undo: inner })
    throw new RangeError('no money')
  },
)

export const sideBySide = task(import.meta, async function sideBySide(count: number) {
  const s = current()
  const values = await Promise.all(Array.from({ length: count }, (_, i) => s.step(`step ${i}`, async () => i)))
  return values.reduce((sum, each) => sum + each, 0)
})

export const wrongOptions = task(import.meta, async function wrongOptions(options: string) {
  await current().step('a', () => 1, JSON.parse(options) as object)
})
