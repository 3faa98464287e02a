import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { OutgoingCall } from 'skein/stores'

/** One test with a folder of its own. */
export function inFolder(title: string, body: (file: string) => Promise<void>): void {
  test(title, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'skein-sqlite-'))
    try {
      await body(join(folder, 'jobs.db'))
    } finally {
      await rm(folder, { recursive: true })
    }
  })
}

export function call(id: string, changes: Partial<OutgoingCall> = {}): OutgoingCall {
  return { id, queue: 'q', task: 't', headers: '{}', body: '[[],{},{}]', priority: 4, delay: 0, ...changes }
}

export const request = { worker: 'w', queues: ['q'], tasks: ['t'], limit: 100, lease: 10_000 } as const
