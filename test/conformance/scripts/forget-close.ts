import { placeNamed } from '../places/named.ts'
import { double } from '../tasks/values.ts'

const executor = (await placeNamed(process.argv[2])).open({ minWorkers: 1, workers: 2 })
console.log(await executor.run(double, 4))
console.log(await executor.map(double, [1, 2, 3]).toArray())
