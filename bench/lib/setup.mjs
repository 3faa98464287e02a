import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const bench = fileURLToPath(new URL('..', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Installs the peers and builds skein, each only when it is missing. */
export function prepare(say) {
  const peers = Object.keys(JSON.parse(readFileSync(`${bench}/package.json`, 'utf8')).dependencies)
  if (!peers.every(name => existsSync(`${bench}/node_modules/${name}`))) {
    say('Installing the peers into bench/node_modules')
    install(bench)
  }
  if (existsSync(`${root}/dist/threads/index.js`) && existsSync(`${root}/dist/processes/index.js`)) return
  if (!existsSync(`${root}/node_modules/typescript`)) {
    say('Installing what the build needs')
    install(root)
  }
  say('Building skein')
  npm(['run', '--silent', 'build'], root)
}

function install(folder) {
  const quietly = ['--no-audit', '--no-fund', '--loglevel=error']
  try {
    npm(['ci', ...quietly], folder)
  } catch {
    // A registry mirror that lacks the binaries of other platforms makes npm doubt the lock file.
    npm(['install', '--no-save', ...quietly], folder)
  }
}

function npm(args, cwd) {
  const { status, error } = spawnSync('npm', args, {
    cwd,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (error !== undefined || status !== 0) {
    throw new Error(
      `npm ${args[0]} failed in ${cwd}${error === undefined ? '' : `: ${error.message}`}; what it said is above`,
    )
  }
}
