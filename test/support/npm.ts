import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** What a finished program printed. */
export interface Printed {
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs npm in a folder. The npm is the one on the PATH, run by its own Node: the Node that runs the tests may be a bare
 * binary without an npm beside it.
 */
export function npm(args: readonly string[], cwd: string): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const windows = process.platform === 'win32'
    const path = npmFolder()
    execFile(
      windows ? 'npm.cmd' : 'npm',
      [...args],
      { cwd, shell: windows, env: { ...process.env, PATH: path }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error)
          reject(new Error(`npm ${args.join(' ')} failed: ${error.message}\n${stdout}\n${stderr}`, { cause: error }))
        else resolve({ stdout, stderr })
      },
    )
  })
}

/** The PATH without the folder of this Node, unless npm lives there. */
function npmFolder(): string {
  const own = dirname(process.execPath)
  const path = process.env['PATH'] ?? ''
  if (existsSync(join(own, process.platform === 'win32' ? 'npm.cmd' : 'npm'))) return path
  return path
    .split(delimiter)
    .filter(folder => folder !== own)
    .join(delimiter)
}
