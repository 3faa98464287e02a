import { fuzz } from './fuzz/fuzz.ts'
import { sqliteBed } from './sqlite-bed.ts'
import type { Subject } from './subject.ts'
import { storeSuite } from './suite.ts'

const subject: Subject = { name: 'the SQLite store', make: () => sqliteBed() }

storeSuite(subject)
fuzz(subject, 15)
