/** The program of the store's own thread. */
import { serveStore } from '../../threaded/thread-host.ts'
import type { Asked, ThreadData } from '../calls/requests.ts'
import { Service } from './service.ts'

await serveStore<Asked, ThreadData>((data, host) => new Service(data, host))
