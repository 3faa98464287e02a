import { placeNamed } from '../places/named.ts'
import { rejectLater } from '../tasks/failing.ts'

// Nobody catches the error: the program ends with it, and does not hang on its workers.
const executor = (await placeNamed(process.argv[2])).open({ workers: 1 })
await executor.run(rejectLater, 'nobody catches this')
