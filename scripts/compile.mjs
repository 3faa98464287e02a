// Runs the TypeScript compiler so that it does again only what has changed since the last time.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { filesUnder, removeFiles } from './files.mjs'
import { root, run, tsc } from './steps.mjs'

const emitted = /(\.d\.ts\.map|\.d\.ts|\.js\.map|\.js)$/

/**
 * Compiles the project of a tsconfig file: all of it when it is to be done `anew`, since the compiler believes its notes and
 * does not look whether what it has written is still there. `source` and `output` are the two folders that mirror each
 * other. Gives the compiler's exit code; the output is written even where types are wrong.
 */
export async function compile({ project, source, output, anew }) {
  const notes = `${output}/.tsbuildinfo`
  if (anew) await rm(join(root, output), { recursive: true, force: true })
  const code = await run(process.execPath, [
    tsc,
    '-p',
    project,
    '--incremental',
    '--tsBuildInfoFile',
    join(root, notes),
  ])
  const sources = new Set(await filesUnder(source))
  const stale = (await filesUnder(output)).filter(
    path => emitted.test(path) && !sources.has(path.replace(emitted, '.ts')),
  )
  await removeFiles(output, stale)
  return code
}
