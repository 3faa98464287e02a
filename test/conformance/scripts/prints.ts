import { placeNamed } from '../places/named.ts'
import { printLines, writeWithoutNewline } from '../tasks/programs.ts'

const tagged = process.argv[3] === 'tagged'
const executor = (await placeNamed(process.argv[2])).open({
  workers: 1,
  ...(tagged ? { output: 'tagged' as const } : {}),
})
await executor.run(printLines, 2_000)
await executor.run(writeWithoutNewline)
if (process.argv[4] === 'close') await executor.close()
