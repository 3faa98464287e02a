import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** What npm prints, in a folder. */
export async function npm(args, cwd) {
  const windows = process.platform === 'win32'
  const { stdout } = await execute(windows ? 'npm.cmd' : 'npm', args, { cwd, shell: windows, maxBuffer: 2 ** 28 })
  return stdout
}
