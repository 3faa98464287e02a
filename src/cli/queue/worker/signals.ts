import type { StopReport } from '../../../queue/worker/reports.ts'
import type { QueueWorker } from '../../../queue/worker/queue-worker.ts'

/** As shells count: 128 and the number of the signal. */
const exitCodeOf = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Lets a worker run until it is asked to stop: the first SIGINT or SIGTERM lets jobs finish, the second breaks them off,
 * the third ends the program on the spot.
 *
 * @param say tells a person what the signal did, and what the next one would
 */
export async function untilStopped(
  worker: QueueWorker,
  say: (text: string) => void,
): Promise<{ readonly report: StopReport; readonly forced: number | undefined }> {
  let signals = 0
  let forced: number | undefined
  const on = (signal: 'SIGINT' | 'SIGTERM') => (): void => {
    signals++
    if (signals === 1) {
      const { running } = worker.stats()
      if (running > 0) say(`Stopping: ${running} running, which may finish. Again breaks them off.`)
      void worker.close()
    } else if (signals === 2) {
      forced = exitCodeOf[signal]
      if (worker.stats().running > 0) say('Breaking off what runs. Again ends this program on the spot.')
      void worker.close({ timeout: 0 })
    } else {
      process.exit(exitCodeOf[signal])
    }
  }
  const onInt = on('SIGINT')
  const onTerm = on('SIGTERM')
  process.on('SIGINT', onInt)
  process.on('SIGTERM', onTerm)
  try {
    const report = await worker.done
    return { report, forced }
  } finally {
    process.off('SIGINT', onInt)
    process.off('SIGTERM', onTerm)
  }
}
