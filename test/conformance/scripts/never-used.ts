import { placeNamed } from '../places/named.ts'

;(await placeNamed(process.argv[2])).open({ minWorkers: 2, workers: 2 })
console.log('opened')
