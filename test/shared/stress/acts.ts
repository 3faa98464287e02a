import { AbandonedError, scope, TimeoutError } from 'skein'
import { cell, receivedPlaces, type Things } from './things.ts'

/** Something that a thread does with what is shared. It returns the number of a fault, or nothing. */
type Act = (things: Things, seat: number) => number | void | Promise<number | void>

/** The highest value that was received of each thread: what one sends comes in its order. */
const highest = new Map<number, number>()

/** Stays where it is: now and then long enough to be terminated there. */
function linger(view: Int32Array): void {
  for (let i = Math.random() < 0.05 ? 50_000 : 50; i > 0; i--) Atomics.load(view, 0)
}

/** Changes two numbers, which are different in between. */
function change(things: Things): number | void {
  const { view } = things.cells
  const wasWhole = view[cell.one] === view[cell.other]
  view[cell.one] = (view[cell.one] ?? 0) + 1
  linger(view)
  view[cell.other] = (view[cell.other] ?? 0) + 1
  return wasWhole ? undefined : 1
}

const mend = (things: Things): void => {
  things.repairs.add()
  things.cells.view[cell.other] = things.cells.view[cell.one] ?? 0
}

async function orMend(act: () => number | void | Promise<number | void>, things: Things): Promise<number | void> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof AbandonedError)) throw error
    await things.mutex.repair(() => mend(things))
  }
}

async function orMendBoth(act: () => number | void | Promise<number | void>, things: Things): Promise<number | void> {
  const { view } = things.cells
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof AbandonedError)) throw error
    await things.rwlock.repair(() => {
      things.repairs.add()
      view[cell.high] = view[cell.low] ?? 0
    })
  }
}

export const acts: Readonly<Record<string, Act>> = {
  blocks: things => orMend(() => things.mutex.holdSync(() => change(things)), things),

  awaits: things => orMend(() => things.mutex.hold(() => change(things)), things),

  /** Gives up, perhaps. */
  givesUp: things =>
    orMend(async () => {
      try {
        return await scope(s => things.mutex.hold(() => change(things), s), { timeout: 1 })
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
      }
    }, things),

  reads: things =>
    orMendBoth(
      () =>
        things.rwlock.readSync(() => {
          const { view } = things.cells
          return view[cell.low] === view[cell.high] ? undefined : 2
        }),
      things,
    ),

  writes: things =>
    orMendBoth(
      () =>
        things.rwlock.writeSync(() => {
          const { view } = things.cells
          const wasWhole = view[cell.low] === view[cell.high]
          view[cell.low] = (view[cell.low] ?? 0) + 1
          linger(view)
          view[cell.high] = (view[cell.high] ?? 0) + 1
          return wasWhole ? undefined : 2
        }),
      things,
    ),

  visits: things => things.places.holdSync(() => void Atomics.load(things.cells.view, 0)),

  /** A value says who has sent it, and none is sent twice. */
  sends: (things, seat) => void things.channel.trySend(things.next.add() * 64 + seat),

  receives: things => {
    const value = things.channel.tryReceive()
    if (value === undefined) return
    const [number, seat] = [Math.floor(value / 64), value % 64]
    const lap = 1 + Math.floor(number / receivedPlaces)
    if (Atomics.exchange(things.received.view, number % receivedPlaces, lap) === lap) return 3
    const before = highest.get(seat) ?? -1
    highest.set(seat, number)
    return number < before ? 4 : undefined
  },

  adds: (things, seat) => {
    things.adds.add()
    things.map.add('sum')
    const mine = `seat ${seat}`
    const before = things.map.get(mine) ?? 0
    things.map.set(mine, before + 1)
    const found = things.map.get(mine)
    if (seat % 2 === 0 && Math.random() < 0.1) things.map.delete(mine)
    return found === before + 1 || found === undefined ? undefined : 5
  },

  doesOnce: things => {
    const { view } = things.cells
    const wasDone = things.once.done
    things.once.runSync(() => void Atomics.store(view, cell.done, 1))
    return Atomics.load(view, cell.done) === 1 || !wasDone ? undefined : 6
  },

  /** One at a time takes what another one has put there. */
  passesOn: async things => {
    const { view } = things.cells
    try {
      things.condition.lock.holdSync(() => {
        view[cell.stock] = (view[cell.stock] ?? 0) + 1
        things.condition.notify()
      })
      await scope(
        s =>
          things.condition.lock.hold(async () => {
            await things.condition.waitFor(() => (view[cell.stock] ?? 0) > 0, s)
            view[cell.stock] = (view[cell.stock] ?? 0) - 1
          }, s),
        { timeout: 3 },
      )
    } catch (error) {
      if (error instanceof AbandonedError) await things.condition.lock.repair(() => {})
      else if (!(error instanceof TimeoutError)) throw error
    }
  },
}
