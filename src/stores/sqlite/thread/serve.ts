import { serveStore } from '../../threaded/thread-host.ts'
import type { Asked, ThreadData } from '../calls/requests.ts'
import { Service } from './service.ts'

/** Makes this thread the one that owns the file of the store that has started it. */
export function serveSqlite(): Promise<void> {
  return serveStore<Asked, ThreadData>((data, host) => new Service(data, host))
}
