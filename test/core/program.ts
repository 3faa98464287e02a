import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/paths.ts'

/** How a program ended and what it printed. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder inside the package, so that programs in it can import 'skein'; `remove` takes it away. */
export function programFolder(): { readonly path: string; readonly remove: () => void } {
  mkdirSync(join(root, 'build'), { recursive: true })
  const path = mkdtempSync(join(root, 'build', 'programs-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Signals to send, each when the program has printed the line. */
  readonly signals?: readonly (readonly [line: string, signal: NodeJS.Signals])[]
  /** What to start, when it is not the file itself: a path without its extension, a link. */
  readonly entry?: string
}

/** Writes a module into the folder, runs it as a program of its own, and waits for its end. */
export function runProgram(folder: string, name: string, code: string, options: ProgramOptions = {}): Promise<Ended> {
  const path = join(folder, name)
  writeFileSync(path, code)
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [options.entry ?? path], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const pending = [...(options.signals ?? [])]
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk
      const [next] = pending
      if (next && stdout.includes(next[0])) {
        pending.shift()
        child.kill(next[1])
      }
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    child.once('error', reject)
    child.once('close', (exitCode, signal) => resolve({ code: exitCode, signal, stdout, stderr }))
  })
}
