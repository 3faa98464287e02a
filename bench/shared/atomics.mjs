// No library: what can be had from Atomics alone, by hand, for these tasks and nothing else. Nothing is checked, nobody may die.

const words = count => new Int32Array(new SharedArrayBuffer(4 * count))
const makers = {
  mutex: () => words(1),
  condition: () => words(1),
  semaphores: () => words(1),
  // The two positions and the cells, each on a line of the cache of its own.
  queue: capacity => words(16 * (2 + capacity)),
  map: () => undefined,
}

export const make = (what, capacity) => {
  const made = makers[what](capacity)
  if (what === 'queue') for (let n = 0; n < capacity; n++) made[16 * (2 + n)] = n
  return made
}

/** Whose turn it is, as a word. */
const inTurns = whose => ({
  pass: (me, turn) => {
    while (Atomics.load(whose, 0) !== me) Atomics.wait(whose, 0, 1 - me)
    turn()
    Atomics.store(whose, 0, 1 - me)
    Atomics.notify(whose, 0)
  },
})

const openers = {
  /** Free, held, and held while others wait. */
  mutex: state => ({
    lock: () => {
      let seen = Atomics.compareExchange(state, 0, 0, 1)
      if (seen === 0) return
      if (seen !== 2) seen = Atomics.exchange(state, 0, 2)
      while (seen !== 0) {
        Atomics.wait(state, 0, 2)
        seen = Atomics.exchange(state, 0, 2)
      }
    },
    unlock: () => {
      if (Atomics.exchange(state, 0, 0) === 2) Atomics.notify(state, 0, 1)
    },
  }),
  condition: inTurns,
  semaphores: inTurns,
  /** A ring whose cells say which position they are ready for. */
  queue: ring => {
    const capacity = ring.length / 16 - 2
    const enter = (which, ready) => {
      for (;;) {
        const position = Atomics.load(ring, 16 * which)
        const at = 16 * (2 + (position % capacity))
        const seen = Atomics.load(ring, at)
        if (seen === ready(position)) {
          if (Atomics.compareExchange(ring, 16 * which, position, position + 1) === position) return { at, position }
        } else if (seen < ready(position)) Atomics.wait(ring, at, seen)
      }
    }
    const leave = (at, next) => {
      Atomics.store(ring, at, next)
      Atomics.notify(ring, at)
    }
    return {
      put: value => {
        const { at, position } = enter(0, n => n)
        ring[at + 1] = value
        leave(at, position + 1)
      },
      get: () => {
        const { at, position } = enter(1, n => n + 1)
        const value = ring[at + 1]
        leave(at, position + capacity)
        return value
      },
    }
  },
  /** That of one thread, which nobody else can see. */
  map: () => {
    const map = new Map()
    return { get: key => map.get(key), set: (key, value) => void map.set(key, value) }
  },
}

export const open = (what, data) => openers[what](data)
