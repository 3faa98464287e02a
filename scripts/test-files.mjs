// Runs compiled test files, each in a process of its own, and says what came of them. A file fails, too, when it hangs,
// when its process does not end after its last test (something was left open), or when it leaves processes behind.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from './steps.mjs'

/** Milliseconds: without any news while a test runs, and after the last one has ended. */
const limits = { perTest: 120_000, afterLastTest: 15_000 }
const posix = process.platform !== 'win32'
const running = new Set()

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.once(signal, () => {
    for (const child of running) killGroup(child)
    process.exit(code)
  })
}
process.once('exit', () => {
  for (const child of running) killGroup(child)
})

/**
 * Runs the files, a few at once, and prints one line for each as it ends, failures in full. `nodeOptions` and `environment`
 * are given to each process in addition. With a `name` only the tests run whose names hold these words, or match a
 * `/pattern/`. When `signal` aborts, all ends at once, without a word.
 * Gives { passed, failed, skipped: names, failures: names }.
 */
export async function runTestFiles(files, options = {}) {
  const { node = process.execPath, concurrency = 2, print = console.log, environment = {}, name, signal } = options
  const nodeOptions = [...(options.nodeOptions ?? []), ...(name === undefined ? [] : [namePattern(name)])]
  const { perTest, afterLastTest } = { ...limits, ...options.limits }
  const total = { passed: 0, failed: 0, skipped: [], failures: [] }
  const queue = [...files]
  let done = 0
  const lane = async () => {
    for (let file = queue.shift(); file !== undefined && !signal?.aborted; file = queue.shift()) {
      const isPart = name !== undefined
      const result = await runTestFile(file, { node, nodeOptions, environment, perTest, afterLastTest, isPart, signal })
      if (signal?.aborted) return
      done++
      total.passed += result.passed
      total.failed += result.failures.length
      total.skipped.push(...result.skipped.map(each => ({ file: nameOf(file), ...each })))
      total.failures.push(...result.failures.map(each => `${nameOf(file)}: ${each.name}`))
      const isNews = !isPart || result.passed + result.failures.length + result.skipped.length > 0
      if (isNews) print(describeFile(file, result, `${done}/${files.length}`))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  return total
}

/** Words stand for themselves. */
function namePattern(name) {
  const isPattern = /^\/.*\/[a-z]*$/.test(name)
  return `--test-name-pattern=${isPattern ? name : name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`
}

function runTestFile(file, { node, nodeOptions, environment, perTest, afterLastTest, isPart, signal }) {
  return new Promise((resolve, reject) => {
    const result = { passed: 0, failures: [], skipped: [], output: '', milliseconds: 0 }
    const begun = performance.now()
    const reporter = join(root, 'scripts/reporter.mjs')
    const child = spawn(
      node,
      [
        '--enable-source-maps',
        ...nodeOptions,
        `--test-reporter=${reporter}`,
        '--test-reporter-destination=stdout',
        file,
      ],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        detached: posix,
        env: { ...environmentFor(node), ...environment },
      },
    )
    running.add(child)
    const kill = () => killGroup(child)
    signal?.addEventListener('abort', kill, { once: true })
    const keep = chunk => {
      if (result.output.length < 200_000) result.output += chunk
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)

    // Names of tests that are known and have not ended; the last one that is known to have begun.
    const open = []
    let begunLast
    let finished = false
    let stopped = false
    let watchdog
    const watch = () => {
      clearTimeout(watchdog)
      const ended = open.length === 0 && result.milliseconds > 0
      const limit = ended ? afterLastTest : perTest
      watchdog = setTimeout(() => {
        result.failures.push(
          ended ? notEnding(limit) : notEndingTest(open.includes(begunLast) ? begunLast : undefined, limit),
        )
        stopped = true
        killGroup(child)
      }, limit)
    }
    watch()

    createInterface({ input: child.stdio[3] }).on('line', line => {
      const message = JSON.parse(line)
      if (message.event === 'enqueue') open.push(message.name)
      else if (message.event === 'dequeue') begunLast = message.name
      else if (message.event === 'finished') finished = true
      else {
        const at = open.indexOf(message.title)
        if (at >= 0) open.splice(at, 1)
        result.milliseconds = performance.now() - begun
        if (message.outcome === 'passed') result.passed++
        else if (message.outcome === 'failed') result.failures.push({ name: message.name, reason: message.reason })
        else if (message.outcome === 'skipped') result.skipped.push({ name: message.name, reason: message.reason })
      }
      watch()
    })

    child.once('error', error =>
      result.failures.push({ name: 'this file could not be started', reason: String(error) }),
    )
    child.once('close', (code, endedBy) => {
      clearTimeout(watchdog)
      signal?.removeEventListener('abort', kill)
      result.milliseconds = performance.now() - begun
      const how = endedBy ? `was ended by ${endedBy}` : `ended with exit code ${code}`
      if (!finished && !stopped) {
        const reason = `Its process ${how} before the last test had ended.`
        result.failures.push({ name: 'the process of this file', reason })
      } else if ((code !== 0 || endedBy) && result.failures.length === 0) {
        result.failures.push({ name: 'the process of this file', reason: `It ${how}, although no test failed.` })
      } else if (result.passed + result.failures.length + result.skipped.length === 0 && !isPart) {
        result.failures.push({ name: 'this file', reason: 'It holds no test.' })
      }
      const settle = left => {
        if (left) {
          result.failures.push({ name: 'this file left processes behind', reason: 'They were stopped.' })
          killGroup(child)
        }
        running.delete(child)
        resolve(result)
      }
      leftProcesses(child).then(settle, reject)
    })
  })
}

function notEnding(limit) {
  const name = 'the process of this file does not end'
  const reason = `All tests have ended, but something is still open ${limit / 1000} s later: a timer, socket, thread or process.`
  return { name, reason }
}

function notEndingTest(title, limit) {
  const name = `${title ?? 'a test of this file'} (no end after ${limit / 1000} s)`
  return { name, reason: 'The test and its process were stopped.' }
}

/** Children that the tests start by the name `node` get the same Node as the tests. */
function environmentFor(node) {
  const environment = { ...process.env, FORCE_COLOR: '0', NODE_OPTIONS: '' }
  for (const name of Object.keys(environment)) {
    if (name.startsWith('npm_') || name === 'NODE_TEST_CONTEXT' || name === 'NODE_OPTIONS') delete environment[name]
  }
  environment.PATH = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`
  return environment
}

async function leftProcesses(child) {
  if (!posix || child.pid === undefined) return false
  for (let attempt = 0; attempt < 100; attempt++) {
    if (!groupLives(child.pid)) return false
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return true
}

/** A signal also finds processes that have ended and that nobody has collected yet; where there is /proc, those do not count. */
function groupLives(group) {
  try {
    process.kill(-group, 0)
  } catch {
    return false
  }
  if (!existsSync('/proc/self/stat')) return true
  return readdirSync('/proc').some(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const [state, , ofGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return Number(ofGroup) === group && state !== 'Z' && state !== 'X'
    } catch {
      return false // it has gone meanwhile
    }
  })
}

function killGroup(child) {
  if (child.pid === undefined) return
  try {
    process.kill(posix ? -child.pid : child.pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

const nameOf = file => relative(join(root, 'build'), file).replace(/\.js$/, '.ts')

function describeFile(file, result, position) {
  const mark = result.failures.length > 0 ? 'FAIL' : 'ok  '
  const counts = [
    `${result.passed} passed`,
    ...(result.failures.length > 0 ? [`${result.failures.length} FAILED`] : []),
    ...(result.skipped.length > 0 ? [`${result.skipped.length} SKIPPED`] : []),
  ].join(', ')
  const lines = [
    `${mark} ${position.padStart(7)}  ${nameOf(file)}  ${counts}  ${(result.milliseconds / 1000).toFixed(1)} s`,
  ]
  // One cause often fails many tests in a row: it is told once.
  for (const [index, { name, reason }] of result.failures.entries()) {
    if (result.failures[index - 1]?.reason !== reason) lines.push('')
    lines.push(`     FAILED: ${name}`)
    if (result.failures[index + 1]?.reason !== reason) lines.push(indent(reason ?? ''), '')
  }
  if (result.failures.length > 0 && result.output.trim() !== '')
    lines.push('     output of this file:', indent(result.output.trim()), '')
  for (const { name, reason } of result.skipped) lines.push(`     SKIPPED: ${name}${reason ? ` (${reason})` : ''}`)
  return lines.join('\n')
}

const indent = text =>
  text
    .split('\n')
    .map(line => `       ${line}`)
    .join('\n')
