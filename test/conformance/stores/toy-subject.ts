import type { Store } from 'skein/stores'
import type { StoreSubject } from 'skein/testing/stores'
import { ToyPlace, toyStore } from './toy-store.ts'

const turnOfTheLoop = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

export const toySubject: StoreSubject = {
  name: 'a toy',
  make: async () => {
    const place = new ToyPlace()
    const stores: Store[] = []
    return {
      open: async () => {
        const store = toyStore(place)
        stores.push(store)
        return store
      },
      quiet: turnOfTheLoop,
      turn: async milliseconds => {
        place.now += milliseconds
        place.look()
        await turnOfTheLoop()
      },
      tearDown: async () => {
        for (const store of stores) await store.close()
      },
    }
  },
}
