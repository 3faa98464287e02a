// Drains test queues whose task sleeps and fails, while the worker crashes, and prints how many jobs ended well.
import { call, current, task } from 'skein'
import { testQueue } from 'skein/testing'

const remind = task(import.meta, async function remind(who: string) {
  const s = current()
  await s.sleep('1h')
  if (s.attempt < 3) throw new Error('nobody at home')
  return `reminded ${who}`
})

let done = 0
for (let round = 0; round < 40; round++) {
  const test = await testQueue({ tasks: [remind] })
  const job = await test.queue.submit(call(remind, 'Ada').with({ delay: '30d', retries: { times: 5, backoff: '1h' } }))
  test.crash.at('after-effect')
  await test.drain()
  if ((await job.result()) === 'reminded Ada') done++
  await test.close()
}
console.log(done)
