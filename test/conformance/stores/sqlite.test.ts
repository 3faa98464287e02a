import { sqliteBed } from './sqlite-bed.ts'
import { storeSuite } from './suite.ts'

storeSuite({ name: 'the SQLite store', make: () => sqliteBed() })
