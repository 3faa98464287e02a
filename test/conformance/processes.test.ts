import { processesPlace } from './places/processes.ts'
import { conformance } from './suite.ts'
import { themes } from './themes/index.ts'

conformance(processesPlace, themes)
