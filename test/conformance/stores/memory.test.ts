import { randomUUID } from 'node:crypto'
import { memoryStore } from 'skein/stores/memory'
import type { Store } from 'skein/stores'
import { fuzz } from './fuzz/fuzz.ts'
import type { Subject } from './subject.ts'
import { storeSuite } from './suite.ts'
import { TurnableClock } from './turnable-clock.ts'

const subject: Subject = {
  name: 'the memory store',
  make: async () => {
    const clock = new TurnableClock()
    const name = randomUUID()
    const stores: Store[] = []
    return {
      open: async options => {
        const store = memoryStore({ ...options, name, clock })
        stores.push(store)
        return store
      },
      turn: milliseconds => clock.turn(milliseconds),
      jump: async milliseconds => clock.jump(milliseconds),
      tearDown: async () => {
        for (const store of stores) await store.close()
      },
    }
  },
}

storeSuite(subject)
fuzz(subject, 200)
