import type { StoreOptions } from '../options.ts'
import { storeOptionNames, storeSettings } from '../options.ts'
import type { Store } from '../roles/store.ts'
import { RedisStore } from './redis-store.ts'
import { redisPlace } from './url.ts'

/**
 * Opens the database on a Redis server that a URL names, in the layout of kombu, so that Celery's workers in Python share its queues.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for another URL; `SKEIN_STORE_DRIVER` where the package `ioredis` is not there;
 * `SKEIN_STORE_UNAVAILABLE` where the server cannot be reached.
 */
export async function redisStore(url: string, options: StoreOptions = {}): Promise<Store> {
  const place = redisPlace(url)
  return RedisStore.open({ place, settings: storeSettings(options, new Set(storeOptionNames)) })
}
