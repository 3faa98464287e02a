import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from './npm.ts'
import { root } from './paths.ts'

/**
 * A folder with packages from the registry in it, and with skein as it is built; undefined where they cannot be fetched. It is kept in
 * .cache, and used again.
 *
 * @param packages their names and exact versions, as in `{ rollup: '4.68.8' }`
 */
export async function tools(packages: Readonly<Record<string, string>>): Promise<string | undefined> {
  const hash = createHash('sha256').update(JSON.stringify(packages)).digest('hex').slice(0, 12)
  const folder = join(root, '.cache', 'tools', hash)
  const complete = join(folder, 'complete')
  if (!existsSync(complete)) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "name": "tools", "private": true, "type": "module" }\n')
    const specifiers = Object.entries(packages).map(([name, version]) => `${name}@${version}`)
    try {
      await npm(['install', '--no-audit', '--no-fund', '--no-package-lock', '--save-exact', ...specifiers], folder)
    } catch (error) {
      if (/E(?:NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT)|ENOTCACHED/.test(String(error))) return undefined
      throw error
    }
    writeFileSync(complete, '')
  }
  const own = join(folder, 'node_modules', 'skein')
  rmSync(own, { recursive: true, force: true })
  for (const each of ['dist', 'package.json']) cpSync(join(root, each), join(own, each), { recursive: true })
  return folder
}
