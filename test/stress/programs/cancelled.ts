import { call, CancelledError } from 'skein'
import { waitFor } from '../../conformance/tasks/programs.ts'
import { stress } from './measure.ts'

// Calls that would wait for an hour, cancelled while they run, while they wait for a place, and at once.
const size = 500

await stress({ workers: 2, concurrency: 50 }, async ({ executor, signal, count, tell, warm }) => {
  for (let done = 0; done < count; done += size) {
    const jobs = await Promise.all(
      Array.from({ length: size }, () => executor.submit(call(waitFor, 3_600_000).with({ signal, timeout: '2h' }))),
    )
    const ends = jobs.map(job =>
      job.result().then(
        () => tell('value'),
        (error: unknown) => tell(error instanceof CancelledError ? String(error.ended) : String(error)),
      ),
    )
    // In half of the rounds the calls have the time to start.
    if ((done / size) % 2 === 1) await started(executor)
    await Promise.all(jobs.map(job => job.cancel('stress')))
    await Promise.all(ends)
    if (done === Math.floor(count / size / 5) * size) await warm()
  }
})

async function started(executor: { stats(): { running: number } }): Promise<void> {
  while (executor.stats().running < 100) await new Promise(resolve => setTimeout(resolve, 1))
  await new Promise(resolve => setTimeout(resolve, 5))
}
