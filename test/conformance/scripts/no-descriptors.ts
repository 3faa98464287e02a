import { closeSync, openSync } from 'node:fs'
import { codeOf } from '../expect.ts'
import { placeNamed } from '../places/named.ts'
import { double } from '../tasks/values.ts'

// Run where a program may have few descriptors. As long as none is left, no worker can be started.
const place = await placeNamed(process.argv[2])
const executor = place.open({ workers: 2 })
console.log(await executor.run(double, 1))
await executor.close()

const taken: number[] = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch {
  // None is left.
}
const starved = place.open({ workers: 2 })
console.log(await codeOf(starved.run(double, 1)))
// With a few that are left, a start gets on further before it fails.
for (let n = 0; n < 6; n++) {
  closeSync(taken.pop() as number)
  console.log((await starved.run(double, 4).catch((error: { code?: string }) => error.code)) ?? 'nothing')
}
for (const fd of taken) closeSync(fd)
console.log(await starved.run(double, 21))
await starved.close()
