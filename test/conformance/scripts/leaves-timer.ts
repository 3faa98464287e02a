import { placeNamed } from '../places/named.ts'
import { leaveTimer } from '../tasks/hostile.ts'

// What a task leaves behind in its worker is no work: it does not keep the program alive.
console.log(await (await placeNamed(process.argv[2])).open({ workers: 1 }).run(leaveTimer))
