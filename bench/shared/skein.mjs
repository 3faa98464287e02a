import {
  packShared,
  SharedChannel,
  SharedCondition,
  SharedMap,
  SharedMutex,
  SharedSemaphore,
  unpackShared,
} from '../../dist/shared/index.js'

const makers = {
  mutex: () => [new SharedMutex()],
  hold: () => [new SharedMutex()],
  condition: () => [new SharedCondition()],
  semaphores: () => [new SharedSemaphore(1, { max: 2 }), new SharedSemaphore(0, { max: 2 })],
  queue: capacity => [new SharedChannel({ capacity })],
  map: capacity => [new SharedMap({ maxEntries: capacity })],
}

export const make = (what, capacity) => makers[what](capacity).map(handle => packShared(handle))

const openers = {
  mutex: ([mutex]) => ({ lock: () => mutex.acquireSync(), unlock: () => mutex.release() }),
  // The block: what is between the two is the function.
  hold: ([mutex]) => ({ lock: () => mutex.holdSync(nothing), unlock: nothing }),
  condition: ([condition], cells) => ({
    pass: (me, turn) =>
      condition.lock.holdSync(() => {
        condition.waitForSync(() => (cells[0] & 1) === me)
        turn()
        condition.notify()
      }),
  }),
  semaphores: semaphores => ({
    pass: (me, turn) => {
      semaphores[me].acquireSync()
      turn()
      semaphores[1 - me].release()
    },
  }),
  queue: ([channel]) => ({ put: value => channel.sendSync(value), get: () => channel.receiveSync() }),
  map: ([map]) => ({ get: key => map.get(key), set: (key, value) => map.set(key, value) }),
}

function nothing() {}

export const open = (what, data, cells) => openers[what](data.map(unpackShared), cells)
