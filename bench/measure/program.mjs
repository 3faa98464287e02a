import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { median } from '../lib/stats.mjs'

/** The time of one jiffy, in which Linux counts, in milliseconds. */
const tickMs = 10

/**
 * What a whole program of Node's takes, beside the smallest one, in turns: until it has ended, and in processor time.
 *
 * @param imports what the program imports, and nothing else; a path is one of the folder of the bench
 * @param command instead of it: a file and its arguments
 */
export async function measure({ imports, command, repeats }) {
  const source = imports?.map(name => `import ${JSON.stringify(located(name))}`).join('\n')
  const bare = imports === undefined ? ['-e', '0'] : ['--input-type=module', '-e', '0']
  const whole =
    imports === undefined
      ? [fileURLToPath(new URL(command[0], root)), ...command.slice(1)]
      : ['--input-type=module', '-e', source]
  const runs = []
  // The first run brings the files into memory.
  for (let n = 0; n <= repeats; n++) {
    const pair = { bare: await run(bare), whole: await run(whole) }
    if (n > 0) runs.push(pair)
  }
  const each = what => median(runs.map(what))
  const sum = what => runs.reduce((all, pair) => all + what(pair), 0)
  const cpuMs = sum(({ whole: { cpuMs } }) => cpuMs) / repeats
  const bareCpuMs = sum(({ bare: { cpuMs } }) => cpuMs) / repeats
  return {
    ms: each(pair => pair.whole.ms),
    beyondMs: each(pair => pair.whole.ms - pair.bare.ms),
    times: each(pair => pair.whole.ms / pair.bare.ms),
    ...(process.platform === 'linux' ? { cpuBeyondMs: cpuMs - bareCpuMs, cpuTimes: cpuMs / bareCpuMs } : {}),
  }
}

const root = new URL('..', import.meta.url)

function located(name) {
  return name.startsWith('.') ? new URL(name, root).href : import.meta.resolve(name)
}

async function run(args) {
  const cpuFrom = cpuOfChildren()
  const from = performance.now()
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', text => (err += text))
  let ms
  child.once('exit', () => (ms = performance.now() - from))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}: ${err}`)
  return { ms, cpuMs: cpuOfChildren() - cpuFrom }
}

/** Processor time of all that this program has started and that has ended. */
function cpuOfChildren() {
  if (process.platform !== 'linux') return NaN
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(13, 15)
  return (Number(user) + Number(system)) * tickMs
}
