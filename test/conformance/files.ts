import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

// Files are what the cases and their tasks signal each other with: they work across threads and processes alike.

/** Creates the file; whoever waits for it goes on. */
export function touch(path: string): void {
  writeFileSync(path, '')
}

/** Resolves when the file is there. */
export async function fileAppears(path: string): Promise<void> {
  while (!existsSync(path)) await delay(2)
}

/** Adds one line, in one write. */
export function addLine(path: string, line: string): void {
  appendFileSync(path, `${line}\n`)
}

/** The lines of a file, none if it is not there. */
export function linesOf(path: string): string[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').split('\n').filter(line => line !== '')
}

/** Resolves when the file has at least that many lines. */
export async function linesReach(path: string, count: number): Promise<void> {
  while (linesOf(path).length < count) await delay(2)
}

/** Resolves when the condition holds; for states that no event reports. */
export async function holds(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2)
}
