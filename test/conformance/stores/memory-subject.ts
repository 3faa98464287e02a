import { randomUUID } from 'node:crypto'
import { memoryStore } from 'skein/stores/memory'
import type { StoreSubject } from 'skein/testing/stores'
import type { MemoryStore } from '#skein/stores/memory/memory-store.js'
import { TurnableClock } from './turnable-clock.ts'

const turnOfTheLoop = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

export const memorySubject: StoreSubject = {
  name: 'the memory store',
  heeds: ['maxBytes', 'maxDeaths', 'retention'],
  make: async () => {
    const clock = new TurnableClock()
    const name = randomUUID()
    const stores: MemoryStore[] = []
    // By itself it does what is due when somebody waits for it, and forgets what is old now and then.
    const sweep = (): void => {
      for (const store of stores) if (!store.isClosed) store.sweep()
    }
    return {
      open: async options => {
        const store = memoryStore({ ...options, name, clock }) as MemoryStore
        stores.push(store)
        return store
      },
      quiet: turnOfTheLoop,
      turn: async milliseconds => {
        await clock.turn(milliseconds)
        sweep()
        await turnOfTheLoop()
      },
      jump: async milliseconds => {
        clock.jump(milliseconds)
        sweep()
      },
      tearDown: async () => {
        for (const store of stores) await store.close()
      },
    }
  },
}
