/** The first module that every process of a pool runs. */
import { serveProcess } from './serve.ts'

serveProcess()
