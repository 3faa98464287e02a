import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** How a program ended and what it wrote. */
export interface Ending {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface ScriptOptions {
  readonly nodeArgs?: readonly string[]
  readonly env?: Record<string, string>
  /** The most descriptors that it may have. */
  readonly descriptors?: number
  /** Milliseconds after which the program counts as hung and is killed. */
  readonly limit?: number
}

/** The path of a program in test/conformance/scripts. */
export function scriptPath(name: string): string {
  return join(fileURLToPath(new URL('scripts', import.meta.url)), name)
}

/** Runs a program with Node to its end. A program that does not end by itself is killed: its signal then is SIGKILL. */
export function runProgram(path: string, args: readonly string[], options: ScriptOptions = {}): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const command = [process.execPath, ...(options.nodeArgs ?? []), path, ...args]
    const limited =
      options.descriptors === undefined ? [] : ['sh', '-c', `ulimit -n ${options.descriptors}; exec "$@"`, 'sh']
    const [file, ...rest] = [...limited, ...command] as [string, ...string[]]
    const child = spawn(file, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    const limit = setTimeout(() => child.kill('SIGKILL'), options.limit ?? 30_000)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(limit)
      resolve({ code, signal, stdout, stderr })
    })
  })
}

/** Runs one of the programs in test/conformance/scripts to its end. */
export function runScript(name: string, args: readonly string[], options?: ScriptOptions): Promise<Ending> {
  return runProgram(scriptPath(name), args, options)
}
