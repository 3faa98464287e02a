import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { install, npm, root } from '../../scripts/steps.mjs'

const bench = fileURLToPath(new URL('..', import.meta.url))
/** What npm says is no result: all of it goes to stderr. */
const stdio = ['ignore', 2, 2]

/** Installs the peers and builds skein, each only when it is missing. */
export async function prepare(say) {
  const peers = Object.keys(JSON.parse(readFileSync(`${bench}/package.json`, 'utf8')).dependencies)
  if (!peers.every(name => existsSync(`${bench}/node_modules/${name}`))) {
    say('Installing the peers into bench/node_modules')
    check(await install({ cwd: bench, stdio }), 'Installing the peers')
  }
  if (existsSync(`${root}/dist/threads/index.js`) && existsSync(`${root}/dist/processes/index.js`)) return
  if (!existsSync(`${root}/node_modules/typescript`)) {
    say('Installing what the build needs')
    check(await install({ stdio }), 'Installing what the build needs')
  }
  say('Building skein')
  check(await npm(['run', '--silent', 'build'], { stdio }), 'Building skein')
}

function check(exitCode, what) {
  if (exitCode !== 0) throw new Error(`${what} failed; what npm said is above`)
}
