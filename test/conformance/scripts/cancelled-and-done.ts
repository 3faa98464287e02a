import { call, CancelledError } from 'skein'
import { placeNamed } from '../places/named.ts'
import { waitFor } from '../tasks/programs.ts'
import { double } from '../tasks/values.ts'

// Limits and signals that were not needed must not keep the program alive.
const executor = (await placeNamed(process.argv[2])).open({ workers: 1 })
const controller = new AbortController()
console.log(await executor.run(call(double, 1).with({ timeout: '1h', signal: controller.signal })))
const job = await executor.submit(call(waitFor, 3_600_000).with({ timeout: '2h' }))
await job.cancel()
console.log(await job.result().catch((error: unknown) => error instanceof CancelledError))
console.log(await job.result({ timeout: '1h' }).catch(() => 'cancelled'))
