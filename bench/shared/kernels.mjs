// What the threads do with whatever library: the same loops for every contestant. Each returns when it began and ended, in milliseconds of one clock.
const now = () => performance.timeOrigin + performance.now()

/** Waits until all threads are here, so that none works alone. */
function together(cells, threads) {
  Atomics.add(cells, 1, 1)
  while (Atomics.load(cells, 1) < threads);
}

function timed(work) {
  const from = now()
  const value = work()
  return { from, to: now(), value }
}

export const kernels = {
  /** Lock and unlock, alone. */
  lock({ open, data, count }) {
    const { lock, unlock } = open(data)
    const loop = times => {
      for (let i = 0; i < times; i++) {
        lock()
        unlock()
      }
    }
    for (let n = 0; n < 10; n++) loop(count / 10)
    return timed(() => loop(count))
  },

  /** One number that all add to under one lock. */
  contended({ open, data, count, cells, threads }) {
    const { lock, unlock } = open(data)
    together(cells, threads)
    return timed(() => {
      for (let i = 0; i < count; i++) {
        lock()
        cells[0]++
        unlock()
      }
    })
  },

  /** Two threads, strictly in turns: what is counted is how often the turn goes over. */
  handover({ open, data, count, cells, threads, me }) {
    const { pass } = open(data)
    together(cells, threads)
    return timed(() => {
      for (let i = 0; i < count; i++) {
        pass(me, () => {
          if ((cells[0] & 1) !== me) throw new Error(`thread ${me} had a turn that was not its own`)
          cells[0]++
        })
      }
    })
  },

  /** Half of the threads put numbers in, the other half takes them out. */
  queue({ open, data, count, cells, threads, me }) {
    const { put, get } = open(data)
    together(cells, threads)
    return timed(() => {
      let sum = 0
      if (me % 2 === 0) for (let i = 0; i < count; i++) put(i)
      else for (let i = 0; i < count; i++) sum += get()
      return sum
    })
  },

  get({ open, data, count, keys }) {
    const { get, set } = open(data)
    for (const [n, key] of keys.entries()) set(key, n)
    const loop = times => {
      let sum = 0
      for (let i = 0; i < times; i++) sum += get(keys[(i * 7) % keys.length])
      return sum
    }
    for (let n = 0; n < 10; n++) loop(count / 10)
    return timed(() => loop(count))
  },

  set({ open, data, count, keys }) {
    const { get, set } = open(data)
    const loop = times => {
      for (let i = 0; i < times; i++) set(keys[(i * 7) % keys.length], i)
    }
    for (let n = 0; n < 10; n++) loop(count / 10)
    return timed(() => {
      loop(count)
      return get(keys[((count - 1) * 7) % keys.length])
    })
  },
}
