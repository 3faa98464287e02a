import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { npm } from './npm.ts'
import { root } from './paths.ts'

/** The development dependencies of skein that are there for tools, too. */
const ofOurs = ['@esbuild', '@types/node', 'esbuild', 'tsx', 'typescript']

/** A registry that cannot be reached is not waited for again and again. */
let unreachable = false
const patience = ['--fetch-retries=1', '--fetch-timeout=60000']

/**
 * A folder with packages from the registry in it, and with skein as it is built; undefined where they cannot be fetched. It is kept in
 * .cache, and used again.
 *
 * @param packages their names and exact versions, as in `{ rollup: '4.68.8' }`
 */
export async function tools(packages: Readonly<Record<string, string>>): Promise<string | undefined> {
  const hash = createHash('sha256').update(JSON.stringify(packages)).digest('hex').slice(0, 12)
  const folder = join(root, '.cache', 'tools', hash)
  const modules = join(folder, 'node_modules')
  const complete = join(folder, 'complete')
  if (!existsSync(complete)) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(modules, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "name": "tools", "private": true, "type": "module" }\n')
    if (unreachable && Object.keys(packages).length > 0) return undefined
    const specifiers = Object.entries(packages).map(([name, version]) => `${name}@${version}`)
    const settings = ['--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', '--save-exact', ...patience]
    try {
      if (specifiers.length > 0) await npm(['install', ...settings, ...specifiers], folder)
    } catch (error) {
      const words = String(error)
      if (/E(?:NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH)|network/.test(words)) unreachable = true
      else if (!/ENOTCACHED|E4\d\d|E5\d\d/.test(words)) throw error
      return undefined
    }
    for (const name of ofOurs) {
      const path = join(modules, name)
      if (existsSync(path)) continue
      mkdirSync(dirname(path), { recursive: true })
      symlinkSync(join(root, 'node_modules', name), path, 'dir')
    }
    writeFileSync(complete, '')
  }
  const own = join(modules, 'skein')
  rmSync(own, { recursive: true, force: true })
  for (const each of ['dist', 'package.json']) cpSync(join(root, each), join(own, each), { recursive: true })
  return folder
}
