import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

// Files are what the cases and their tasks signal each other with: they work across threads and processes alike.

/** Creates the file; whoever waits for it goes on. */
export function touch(path: string): void {
  writeFileSync(path, '')
}

/** Adds one line, in one write. */
export function addLine(path: string, line: string): void {
  appendFileSync(path, `${line}\n`)
}

/** The lines of a file, none if it is not there. */
export function linesOf(path: string): string[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
}

/** Resolves when the file is there. */
export async function fileAppears(path: string): Promise<void> {
  await holds(() => existsSync(path), `a file ${path}`)
}

/** Resolves when the file has at least that many lines. */
export async function linesReach(path: string, count: number): Promise<void> {
  await holds(() => linesOf(path).length >= count, `${count} lines in ${path}`)
}

/** Resolves when the condition holds; for states that no event reports. Fails long after it should. */
export async function holds(condition: () => boolean, what = 'a condition'): Promise<void> {
  const limit = performance.now() + 15_000
  while (!condition()) {
    if (performance.now() > limit) throw new Error(`waited 15 s in vain for ${what}`)
    await delay(2)
  }
}
