import type { Store } from 'skein/stores'
import type { StoreBed, StoreSubject } from 'skein/testing/stores'
import { storeSettings } from '#skein/stores/options.js'
import { RedisStore } from '#skein/stores/redis/redis-store.js'
import { redisPlace } from '#skein/stores/redis/url.js'
import type { RedisServer } from '../../support/redis-server.ts'

const turnOfTheLoop = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** A store on this server: what each test has is under a prefix of its own. */
export function redisSubject(server: RedisServer): StoreSubject {
  let beds = 0
  return {
    name: 'the Redis store',
    heeds: ['maxBytes', 'maxDeaths', 'retention'],
    make: async () => redisBed(server, `bed ${++beds}:`),
  }
}

function redisBed({ url }: RedisServer, prefix: string): StoreBed {
  const stores: RedisStore[] = []
  let now = Date.UTC(2026, 0, 1)
  // A test waits for signals; a program that did so would have something else to do, too.
  const running = setInterval(() => {}, 60_000)
  const open = new Set<RedisStore>()
  /** What was asked is answered, what follows from it has been asked and is answered, too, and so on. */
  const quiet = async (): Promise<void> => {
    for (let round = 0; round < 5; round++) {
      await turnOfTheLoop()
      for (const store of open) await store.results.outcome('nobody').catch(() => {})
    }
  }
  return {
    open: async (options = {}) => {
      const settings = storeSettings(options, new Set(['maxBytes', 'maxDeaths', 'retention']))
      const place = redisPlace(`${url}?prefix=${encodeURIComponent(prefix)}`)
      const store = await RedisStore.open({ place, settings, clock: () => now })
      stores.push(store)
      open.add(store)
      const close = store.close.bind(store)
      store.close = async given => {
        open.delete(store)
        await close(given)
      }
      return store as Store
    },
    quiet,
    turn: async milliseconds => {
      await quiet()
      now += milliseconds
      for (const store of open) {
        await store.renew()
        // A sweep does so much at once that it is soon done.
        while ((await store.sweep()) === 0) continue
      }
      await quiet()
    },
    tearDown: async () => {
      clearInterval(running)
      for (const store of stores) await store.close()
    },
  }
}
