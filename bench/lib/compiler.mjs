import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** True where a program for Linux can be compiled. */
export const compilerPresent = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0

/** Compiles a file of `contestants/` with these options, into a folder that `remove` takes away. */
export function compiled(name, options) {
  const folder = mkdtempSync(join(tmpdir(), 'skein-bench-compiled-'))
  const file = join(folder, 'compiled.node')
  const source = fileURLToPath(new URL(`../contestants/${name}`, import.meta.url))
  const { status, stderr } = spawnSync('cc', ['-O2', ...options, source, '-o', file], { encoding: 'utf8' })
  const remove = () => rmSync(folder, { recursive: true, force: true })
  if (status === 0) return { file, remove }
  remove()
  throw new Error(`cc: ${stderr}`)
}
