// npm run other-runtimes [-- PATTERN...] [--only bun,deno]: builds once and runs the conformance suite on Bun and Deno, theme by theme,
// each with a time limit. PATTERN is part of the name of a theme, as in "processes: values".
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { buildLibrary, buildTests } from './build.mjs'
import { installIfNeeded, npm, root } from './steps.mjs'

/** The releases that docs/guide/other-runtimes.md speaks of. */
export const versions = { bun: '1.4.5', deno: '2.9.6' }

/** How long a theme may take, in milliseconds: one case that never ends must not keep the others from running. */
const longest = 180_000

const escaped = text => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)

/** How each of them runs one theme of a file, and what it prints of a case. */
const runners = {
  bun: {
    args: (file, theme) => ['test', '--timeout', '60000', '-t', `^${escaped(theme)}`, `./${file}`],
    passed: /^\(pass\) (?<theme>.*?) > (.*?)(?: \[[\d.]+ms\])?$/,
    failed: /^\(fail\) (?<theme>.*?) > (.*?)(?: \[[\d.]+ms\])?$/,
  },
  deno: {
    args: (file, theme) => ['test', '-A', '--no-check', '--reporter=tap', '--filter', `/^${escaped(theme)}$/`, file],
    passed: /^\s+ok \d+ - (.*)$/,
    failed: /^\s+not ok \d+ - (.*)$/,
  },
}

/** The path of the runtime; installs it when it is not there. */
async function binaryOf(name) {
  const folder = join(root, '.cache', `${name}-${versions[name]}`)
  const binary = join(folder, 'node_modules', '.bin', name)
  if (existsSync(binary)) return binary
  console.log(`installing ${name} ${versions[name]} into .cache`)
  await mkdir(folder, { recursive: true })
  const quietly = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
  const code = await npm(['install', '--prefix', folder, ...quietly, `${name}@${versions[name]}`])
  if (code !== 0 || !existsSync(binary)) throw new Error(`npm could not install ${name}@${versions[name]}`)
  return binary
}

/** Every theme of the suite, and the files that run it. */
async function themesOf() {
  const { themes } = await import(new URL('../build/test/conformance/themes/index.js', import.meta.url).href)
  const file = name => `build/test/conformance/${name}.test.js`
  const pools = ['loop', 'threads', 'processes'].flatMap(place =>
    themes.map(({ title }) => ({ place, theme: `${place}: ${title}`, file: file(place) })),
  )
  const stores = ['memory', 'sqlite'].map(store => ({
    place: `${store} store`,
    theme: `the ${store === 'sqlite' ? 'SQLite' : 'memory'} store keeps the contract of stores`,
    file: file(`stores/${store}`),
  }))
  return [...pools, ...stores]
}

/** Runs one theme. */
async function runTheme(name, binary, { theme, file }) {
  const { args, passed, failed } = runners[name]
  const child = spawn(binary, args(file, theme), {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
    detached: true,
  })
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  let late = false
  const limit = setTimeout(() => {
    late = true
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has just ended.
    }
  }, longest)
  const total = { passed: 0, failures: [], late: false, last: '' }
  // Bun chooses by how a name begins, and may run another theme, too.
  const caseOf = match => (match && (match.groups?.theme ?? theme) === theme ? match.at(-1) : undefined)
  const hear = line => {
    const well = caseOf(passed.exec(line))
    const badly = caseOf(failed.exec(line))
    if (well) total.passed++
    if (badly && !total.failures.includes(badly)) total.failures.push(badly)
    if (well || badly) total.last = well ?? badly
  }
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear)
  const code = await ended
  clearTimeout(limit)
  return { ...total, late, broken: code !== 0 && !late && total.failures.length === 0 }
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } })
  const names = values.only ? values.only.split(',').map(each => each.trim()) : Object.keys(versions)
  for (const name of names) if (!(name in versions)) throw new Error(`Unknown runtime '${name}'`)
  for (const step of [installIfNeeded, buildLibrary, buildTests]) if ((await step()) !== 0) return 1
  const wanted = (await themesOf()).filter(
    ({ theme }) => positionals.length === 0 || positionals.some(part => theme.includes(part)),
  )
  const rows = new Map()
  const notes = []
  for (const name of names) {
    const binary = await binaryOf(name)
    for (const each of wanted) {
      const { passed, failures, late, broken, last } = await runTheme(name, binary, each)
      console.log(`${name}  ${each.theme}: ${passed} passed, ${failures.length} failed${late ? ', did not end' : ''}`)
      const key = `${name} ${versions[name]}, ${each.place}`
      const row = rows.get(key) ?? { passed: 0, failed: 0 }
      row.passed += passed
      row.failed += failures.length + (late || broken ? 1 : 0)
      rows.set(key, row)
      for (const failure of failures) {
        console.log(`  ${failure}`)
        notes.push(`FAILED on ${name}: ${each.theme}: ${failure}`)
      }
      if (late) notes.push(`DID NOT END on ${name}: ${each.theme}, after: ${last || 'nothing'}`)
      if (broken) notes.push(`BROKEN on ${name}: ${each.theme}: it ended badly, after: ${last || 'nothing'}`)
    }
  }
  for (const note of notes) console.log(note)
  console.log(`\n${'where'.padEnd(28)}passed   failed`)
  for (const [key, { passed, failed }] of rows) {
    console.log(`${key.padEnd(25)}${String(passed).padStart(9)}${String(failed).padStart(9)}`)
  }
  return notes.length === 0 ? 0 : 1
}

if (import.meta.filename === process.argv[1]) process.exitCode = await main()
