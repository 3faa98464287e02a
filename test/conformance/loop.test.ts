import { loopPlace } from './places/loop.ts'
import { conformance } from './suite.ts'
import { themes } from './themes/index.ts'

conformance(loopPlace, themes)
