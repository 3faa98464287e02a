import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Executor } from 'skein'

/** What a test does with a pool of one worker, and an empty folder. */
export type UsePool = (pool: Executor, folder: string) => Promise<void>

/** Opens a pool of one worker (or with other options) for a test and closes it after it. */
export async function withPool(
  open: (options: { readonly workers: number }) => Executor,
  use: UsePool,
  options: object = {},
): Promise<void> {
  const pool = open({ workers: 1, ...options })
  const folder = mkdtempSync(join(tmpdir(), 'skein-'))
  try {
    await use(pool, folder)
  } finally {
    await pool.close({ cancel: true })
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A test that hangs fails, long after it should have ended. */
export function timed(name: string, run: () => Promise<void>): void {
  test(name, { timeout: 30_000 }, run)
}
