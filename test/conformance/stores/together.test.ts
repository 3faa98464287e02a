import { storeSuite } from 'skein/testing/stores'
import { memorySubject } from './memory-subject.ts'
import { sqliteSubject } from './sqlite-subject.ts'
import { togetherSubject } from './together-subject.ts'
import { toySubject } from './toy-subject.ts'

await storeSuite(togetherSubject(toySubject, memorySubject))
await storeSuite(togetherSubject(memorySubject, sqliteSubject))
