import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bench = fileURLToPath(new URL('..', import.meta.url))
const made = new Map()

/**
 * A folder in which the programs of this bench lie beside the build of another checkout, so that both builds are measured by the same
 * programs and with the same peers. It is removed when this program ends.
 */
export function overlay(checkout) {
  let folder = made.get(checkout)
  if (folder === undefined) {
    folder = mkdtempSync(join(tmpdir(), 'skein-bench-before-'))
    made.set(checkout, folder)
    const left = new Set(['node_modules', 'results'])
    cpSync(bench, join(folder, 'bench'), { recursive: true, filter: source => !left.has(basename(source)) })
    symlinkSync(join(bench, 'node_modules'), join(folder, 'bench/node_modules'), 'junction')
    for (const name of ['dist', 'node_modules']) symlinkSync(join(checkout, name), join(folder, name), 'junction')
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  }
  return folder
}
