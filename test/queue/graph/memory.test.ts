import { describe } from 'node:test'
import { memoryStore } from 'skein/stores/memory'
import { graphSuite } from './graph-suite.ts'

describe('graphs on a queue in memory:', () => graphSuite(() => memoryStore()))
