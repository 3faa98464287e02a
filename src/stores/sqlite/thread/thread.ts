/** What runs in the store's own thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { failureOf } from '../file/failures.ts'
import type { FromThread, ThreadData, ToThread } from '../calls/requests.ts'
import { Service } from './service.ts'

const port = parentPort
if (port !== null) {
  const data = workerData as ThreadData
  const post = (message: FromThread): void => port.postMessage(message)
  const service = new Service(data, post, () => port.close())
  try {
    await service.open()
    port.on('message', (message: ToThread) => service.receive(message))
    post({ opened: true })
  } catch (error) {
    post({ failed: failureOf(error, data.path) })
    port.close()
  }
}
