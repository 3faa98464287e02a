import { storeSuite } from 'skein/testing/stores'
import { toySubject } from './toy-subject.ts'

// The least that is a store.
await storeSuite(toySubject)
