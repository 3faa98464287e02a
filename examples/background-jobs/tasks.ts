import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { current, task } from 'skein'
import { effect } from 'skein/queue'

/** Makes the table that results go to, in the same file as the queue. */
export const prepare = task(import.meta, async function prepare() {
  await effect(current(), 'CREATE TABLE IF NOT EXISTS files (path TEXT, sha256 TEXT, lines INTEGER)')
})

/**
 * Reads a file, hashes it and counts its lines. The row is committed together with the acknowledgement of the job: there is
 * one for each file, whatever is killed and whenever.
 */
export const measure = task(import.meta, async function measure(path: string) {
  const s = current()
  const content = await s.wait(readFile(path))
  const sha256 = createHash('sha256').update(content).digest('hex')
  const lines = content.toString().split('\n').length - 1
  await effect(s, 'INSERT INTO files VALUES (?, ?, ?)', [path, sha256, lines])
  return { lines, bytes: content.length }
})
