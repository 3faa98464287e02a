import { threadsPlace } from './places/threads.ts'
import { conformance } from './suite.ts'
import { themes } from './themes/index.ts'

conformance(threadsPlace, themes)
