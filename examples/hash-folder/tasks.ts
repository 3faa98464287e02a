import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { task } from 'skein'

/** Reads and hashes a file. Synchronous on purpose: it has a thread to itself. */
export const hashFile = task(import.meta, function hashFile(file: string) {
  const content = readFileSync(file)
  return { file, hash: createHash('sha256').update(content).digest('hex'), size: content.length, thread: threadId }
})
