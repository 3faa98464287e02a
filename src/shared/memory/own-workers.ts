import type { Worker } from 'node:worker_threads'
import { shared } from '../../core/shared.ts'
import { threadDied } from '../../core/system/thread-table.ts'

/** From now on the end of each Worker that this thread starts is made known, also where somebody terminates it. */
export function watchWorkers(): void {
  shared('watched-workers', () => process.on('worker', watch))
}

function watch(worker: Worker): void {
  const { threadId } = worker // later it is -1
  worker.once('exit', () => threadDied(threadId))
}
