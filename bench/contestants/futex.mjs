import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('futex.c', import.meta.url))

/** True where a program for Linux can be compiled. */
export const compilerPresent = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0

/** Two threads of a C program that wake each other with the system's own call: the floor of this machine. */
export async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'skein-bench-futex-'))
  const program = join(folder, 'futex')
  const compiled = spawnSync('cc', ['-O2', '-pthread', source, '-o', program], { encoding: 'utf8' })
  if (compiled.status !== 0) throw new Error(`cc: ${compiled.stderr}`)
  return {
    roundTrips: (warmupMs, latencyMs) => {
      const { status, stdout, stderr } = spawnSync(program, [String(warmupMs), String(latencyMs)], {
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      })
      if (status !== 0) throw new Error(`the program ended with ${status}: ${stderr}`)
      return stdout.trimEnd().split('\n').map(Number)
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
