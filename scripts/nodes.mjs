// Other versions of Node, from the npm registry into .cache/node-<major>, for running the tests with each.
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { npm, root } from './steps.mjs'

/** The release of each supported major version that the tests run on. */
export const versions = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' }

/** The path of a Node of that major version; installs it when it is not there. */
export async function nodeBinary(major) {
  const version = versions[major]
  if (!version) throw new Error(`Unknown Node version '${major}'. Known are: ${Object.keys(versions).join(', ')}`)
  if (process.versions.node === version) return process.execPath
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${platform}-${process.arch}`
  const folder = join(root, '.cache', `node-${major}`)
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(binary)) return binary
  console.log(`installing Node ${version} into .cache/node-${major}`)
  await mkdir(folder, { recursive: true })
  const args = [
    'install',
    '--prefix',
    folder,
    '--no-save',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  const code = await npm([...args, `${name}@${version}`])
  if (code !== 0 || !existsSync(binary)) throw new Error(`npm could not install ${name}@${version}`)
  return binary
}
