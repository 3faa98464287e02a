/**
 * The first module that every thread of a pool runs: skein's own JavaScript, whatever language the tasks are written in,
 * because a Worker cannot be pointed at a TypeScript file on every supported Node.
 */
import { workerData } from 'node:worker_threads'
import { serveThread } from './serve.ts'
import type { ThreadData } from './wire.ts'

serveThread((workerData as ThreadData).skein)
