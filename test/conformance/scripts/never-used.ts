import { placeNamed } from '../places/named.ts'

;(await placeNamed(process.argv[2])).open({ min: 2, max: 2 })
console.log('opened')
