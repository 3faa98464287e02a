import { spawn } from 'node:child_process'

/** How a script ended and what it printed. */
export interface Ran {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** True when it did not end in time and was killed. */
  readonly hung: boolean
}

/** How a script is run. */
export interface RunOptions {
  readonly cwd: string
  readonly args?: readonly string[]
  /** Milliseconds. Default: 30,000. */
  readonly timeout?: number
  readonly env?: Readonly<Record<string, string>>
  /** Options of Node. */
  readonly flags?: readonly string[]
}

/** The flags with which this Node runs TypeScript: none where it strips types itself, else tsx. */
export const typescriptFlags: readonly string[] = (process.features as { typescript?: unknown }).typescript
  ? []
  : ['--import', import.meta.resolve('tsx')]

/** Runs a .ts, .mjs or .js file in a process of its own, with the Node that runs the tests, and waits for its end. */
export function runScript(
  path: string,
  { cwd, args = [], timeout = 30_000, env = {}, flags = [] }: RunOptions,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const loader = path.endsWith('.ts') ? typescriptFlags : []
    const child = spawn(process.execPath, [...loader, ...flags, path, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    let hung = false
    const limit = setTimeout(() => {
      hung = true
      child.kill('SIGKILL')
    }, timeout)
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(limit)
      resolve({ code, signal, stdout, stderr, hung })
    })
  })
}
