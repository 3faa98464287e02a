import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { OutgoingCall } from 'skein/stores'
import { storeSettings } from '#skein/stores/options.js'
import { Lines } from '#skein/stores/sqlite/calls/lines.js'
import type { Keeper } from '#skein/stores/sqlite/calls/turn.js'
import type { Database } from '#skein/stores/sqlite/file/database.js'
import { unread } from '#skein/stores/sqlite/file/kept.js'

/** One test with a folder of its own. */
export function inFolder(title: string, body: (file: string) => Promise<void> | void): void {
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

/** The keeper of a file that has none of its own, in which nothing is held and nothing is known of the past that is kept. */
export function keeperOf(database: Database): Keeper {
  return {
    database,
    settings: storeSettings({}, new Set()),
    kept: unread,
    doubtAgain: 0,
    counted: new Map(),
    lines: new Lines(database),
    held: new Map(),
    neededAt: new Map(),
    ownLeases: new Set(),
    boot: '',
    overFrom: () => -Infinity,
    rollingBack: new Map(),
  }
}

export const request = { worker: 'w', queues: ['q'], tasks: ['t'], limit: 100, lease: 10_000 } as const
