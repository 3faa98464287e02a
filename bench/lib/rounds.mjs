import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ratioByRound, summary } from './stats.mjs'

const child = fileURLToPath(new URL('../child.mjs', import.meta.url))
const running = new Set()

// Node reads the file of certificates at the start of every process, which takes longer than all else; a pool whose processes do not
// inherit the environment would be spared that.
const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env
const environment = { ...inherited, NODE_NO_WARNINGS: '1' }

/** Ends the measurement that is running, with everything below it. */
export function stopRunning() {
  for (const process of running) killTree(process)
}

/**
 * Runs all contestants of a suite, interleaved: every round measures each of them once per variant, each in a fresh
 * process, and every round begins with another one, so that a slow minute of the machine is spread over all.
 */
export async function runSuite(suite, { rounds, progress }) {
  const cells = []
  for (const variant of suite.variants) {
    for (const contestant of suite.contestants) {
      if (contestant.only !== undefined && !contestant.only.includes(variant.key)) continue
      cells.push({ variant, contestant, values: [], failures: [] })
    }
  }
  for (let round = 0; round < rounds; round++) {
    const shift = Math.floor((round * cells.length) / rounds)
    const order = [...cells.slice(shift), ...cells.slice(0, shift)]
    for (const [at, cell] of order.entries()) {
      // One failure may be an accident; who fails twice and never succeeds does not get to cost every round.
      if (cell.failures.length > 1 && cell.values.length === 0) continue
      progress({ suite, round, rounds, at, of: order.length, cell })
      const said = text => progress({ suite, round, rounds, at, of: order.length, cell, text })
      const outcome = await measureOnce(
        suite.request(cell.contestant, cell.variant),
        cell.contestant,
        suite.limitMs,
        said,
      )
      if (outcome.failure === undefined) cell.values.push({ round, ...outcome.metrics })
      else cell.failures.push(`round ${round + 1}: ${outcome.failure}`)
    }
  }
  return cells.map(cell => summarize(cell, cells, suite.columns))
}

function summarize(cell, cells, columns) {
  const { contestant, variant, values, failures } = cell
  const failure = failures.length === 0 ? undefined : failures.join('; ')
  const names = [...new Set(values.flatMap(value => Object.keys(value)))].filter(name => name !== 'round')
  const metrics = Object.fromEntries(
    names.map(name => {
      const list = values.map(value => value[name]).filter(value => Number.isFinite(value))
      return [name, summary(list)]
    }),
  )
  const { key, label, role, versus } = contestant
  return {
    variant: variant.key,
    key,
    label,
    role,
    versus,
    metrics,
    rounds: values,
    failure,
    skeinIs: ratios(cell, cells, columns),
  }
}

/** How much better skein was in the same round, as a factor above 1 when it was: faster, or more per second. Of the columns that show it. */
function ratios({ contestant, variant, values }, cells, columns) {
  if (contestant.versus === undefined) return undefined
  const subject = cells.find(other => other.variant === variant && other.contestant.key === contestant.versus)
  const result = {}
  for (const { ratio: metric } of columns) {
    if (metric === undefined || subject === undefined) continue
    const factor =
      metric === 'rate' ? ratioByRound(subject.values, values, metric) : ratioByRound(values, subject.values, metric)
    if (factor !== undefined) result[metric] = factor
  }
  return result
}

/** One measurement in a process of its own; a line of its stderr that begins with `progress: ` is handed to `said`. */
function measureOnce(request, contestant, limitMs = 30_000, said) {
  const [command, ...args] = contestant.command ?? [process.execPath, child]
  return new Promise(resolve => {
    // A group of its own, so that a contestant that hangs goes with all its workers.
    const measured = spawn(command, [...args, JSON.stringify(request)], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment,
    })
    running.add(measured)
    let out = ''
    let err = ''
    let timedOut = false
    measured.stdout.setEncoding('utf8').on('data', text => (out += text))
    measured.stderr.setEncoding('utf8').on('data', text => {
      err += text
      for (const [, words] of text.matchAll(/^progress: (.+)$/gm)) said(words)
    })
    const timer = setTimeout(() => {
      timedOut = true
      killTree(measured)
    }, limitMs)
    const finish = outcome => {
      clearTimeout(timer)
      running.delete(measured)
      killTree(measured)
      resolve(outcome)
    }
    measured.once('error', error => finish({ failure: error.message }))
    measured.once('exit', (code, signal) => {
      // What is left of the output arrives before 'close', which a worker that keeps the pipe open could delay for ever.
      setImmediate(() => {
        const line = out.trimEnd().split('\n').at(-1) ?? ''
        if (code === 0 && line.startsWith('{"metrics"')) return finish(JSON.parse(line))
        if (timedOut) return finish({ failure: `no result within ${limitMs / 1000} s` })
        // 13 is Node's code for an await that nothing could ever settle.
        const ended = code === 13 ? 'went idle with a call unanswered' : `ended with ${signal ?? `exit code ${code}`}`
        finish({ failure: failureText(err) || `${ended} and printed no result` })
      })
    })
  })
}

/** The line of an error report that names the error. */
function failureText(err) {
  const lines = err
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  const named = lines.find(line => /^(\w*Error|\w*Exception)\b.*:/.test(line))
  return (named ?? lines.at(-1) ?? '').slice(0, 200)
}

function killTree(measured) {
  if (measured.pid === undefined) return
  try {
    process.kill(-measured.pid, 'SIGKILL')
  } catch {
    // The whole group has ended already.
  }
}
