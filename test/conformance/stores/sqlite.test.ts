import { storeSuite } from 'skein/testing/stores'
import { fuzz } from './fuzz/fuzz.ts'
import { sqliteSubject } from './sqlite-subject.ts'

await storeSuite(sqliteSubject)
fuzz(sqliteSubject, 15)
