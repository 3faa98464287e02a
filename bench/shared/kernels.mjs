// What the threads do with whatever library: the same loops for every contestant. Each returns when it began and ended, in milliseconds of one clock.
const now = () => performance.timeOrigin + performance.now()

/** Waits until all threads are here for the nth time, so that none works alone. */
function together(cells, threads, times = 1) {
  Atomics.add(cells, 1, 1)
  while (Atomics.load(cells, 1) < threads * times);
}

/** The same work of all threads twice: a tenth of it to be compiled, and then all of it. */
function warmed({ cells, threads, count }, work) {
  together(cells, threads)
  work(count / 10)
  together(cells, threads, 2)
  return timed(() => work(count))
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
  contended({ open, data, cells, ...rest }) {
    const { lock, unlock } = open(data)
    return warmed({ cells, ...rest }, times => {
      for (let i = 0; i < times; i++) {
        lock()
        cells[0]++
        unlock()
      }
    })
  },

  /** Two threads, strictly in turns: what is counted is how often the turn goes over. */
  handover({ open, data, cells, me, ...rest }) {
    const { pass } = open(data)
    return warmed({ cells, ...rest }, times => {
      for (let i = 0; i < times; i++) {
        pass(me, () => {
          if ((cells[0] & 1) !== me) throw new Error(`thread ${me} had a turn that was not its own`)
          cells[0]++
        })
      }
    })
  },

  /** Half of the threads put numbers in, the other half takes them out. */
  queue({ open, data, me, ...rest }) {
    const { put, get } = open(data)
    return warmed(rest, times => {
      let sum = 0
      if (me % 2 === 0) for (let i = 0; i < times; i++) put(i)
      else for (let i = 0; i < times; i++) sum += get()
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
