// The steps that the other scripts are made of: where things are, how a command runs, when to install.
import { spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** What the compiler writes, from the root: one file for each module. dist/ is made from it. */
export const emitted = '.cache/emit'

/** Each module by its own path, for the tests, which import it as #skein/… */
export const modules = 'build/modules'

const binary = path => join(root, 'node_modules', path)
export const tsc = binary('typescript/bin/tsc')
export const attw = binary('@arethetypeswrong/cli/dist/index.js')
export const publint = binary('publint/src/cli.js')
export const oxlint = binary('oxlint/bin/oxlint')
export const knip = binary('knip/bin/knip.js')
export const oxfmt = binary('oxfmt/bin/oxfmt')

/** Runs a command in the root folder with this terminal and gives its exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options })
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)))
  })
}

/** Installs the development dependencies when they are missing or older than the lock file. Gives npm's exit code. */
export async function installIfNeeded() {
  const stamp = join(root, 'node_modules/.package-lock.json')
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs) return 0
  console.log('installing the development dependencies (npm ci)')
  return install()
}

/** Installs what a lock file names. `options` are those of `spawn`: `cwd` for another folder. Gives npm's exit code. */
export async function install(options) {
  const quietly = ['--no-audit', '--no-fund', '--loglevel=error']
  const code = await npm(['ci', ...quietly], options)
  if (code === 0) return 0
  // A registry mirror that lacks the binaries of other platforms makes npm doubt the lock file.
  console.error('npm ci refused; installing with npm install, which leaves the lock file as it is')
  return npm(['install', '--no-save', ...quietly], options)
}

/** Runs npm with the Node that runs this script. */
export function npm(args, options) {
  const script = process.env['npm_execpath']
  if (script && /\.[cm]?js$/.test(script)) return run(process.execPath, [script, ...args], options)
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
    shell: process.platform === 'win32',
    ...options,
  })
}
