import { placeNamed } from '../places/named.ts'
import { waitFor } from '../tasks/programs.ts'

// Nothing else keeps this program alive: the work has to, and only as long as it goes on.
const executor = (await placeNamed(process.argv[2])).open({ workers: 1 })
void executor.run(waitFor, 150).then(console.log)
void executor.run(waitFor, 1).then(console.log)
