import { fuzz } from './fuzz/fuzz.ts'
import { memorySubject } from './memory-subject.ts'
import { storeSuite } from 'skein/testing/stores'

await storeSuite(memorySubject)
fuzz(memorySubject, 200)
