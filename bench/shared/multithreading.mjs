// The npm package of that name. It takes Node 22 for granted; what it misses in Node 20 are two names.
globalThis.navigator ??= { hardwareConcurrency: 2 }
Promise.withResolvers ??= () => {
  let resolve
  let reject
  const promise = new Promise((...functions) => ([resolve, reject] = functions))
  return { promise, resolve, reject }
}
const { Condvar, channel, Mutex, SharedJsonBuffer } = await import('multithreading')

// How its own `spawn` sends and receives what it shares: these symbols are all that `Symbol.for` does not give.
const symbolOf = (object, text) => {
  for (let at = object; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertySymbols(at).find(symbol => symbol.description === text)
    if (found !== undefined) return found
  }
  throw new Error(`multithreading has no ${text}`)
}
const pack = object => object[symbolOf(object, 'Thread.Serialize')]()[0]
const unpack = (like, data) => like.constructor[symbolOf(like.constructor, 'Thread.Deserialize')](data)

const makers = {
  mutex: () => [new Mutex()],
  condition: () => [new Mutex(), new Condvar()],
  queue: capacity => channel(capacity),
  map: () => [new Mutex(new SharedJsonBuffer({}))],
}

export const make = (what, capacity) => makers[what](capacity).map(each => pack(each))

const openers = {
  mutex: ([mutex]) => {
    let guard
    return { lock: () => void (guard = mutex.blockingLock()), unlock: () => guard.dispose() }
  },
  condition: ([mutex, condition], cells) => ({
    pass: (me, turn) => {
      const guard = mutex.blockingLock()
      while ((cells[0] & 1) !== me) condition.blockingWait(guard)
      turn()
      condition.notifyOne()
      guard.dispose()
    },
  }),
  queue: ([sender, receiver]) => ({
    put: value => void sender.blockingSend(value),
    get: () => receiver.blockingRecv().value,
  }),
  map: ([mutex]) => {
    const under = act => {
      const guard = mutex.blockingLock()
      try {
        return act(guard.value)
      } finally {
        guard.dispose()
      }
    }
    return { get: key => under(data => data[key]), set: (key, value) => under(data => (data[key] = value)) }
  },
}

export const open = (what, data, cells) => {
  const like = makers[what](1)
  return openers[what](
    data.map((each, n) => unpack(like[n], each)),
    cells,
  )
}
