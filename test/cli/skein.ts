import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { TestContext } from 'node:test'
import { root } from '../support/paths.ts'

/** How a command ended and what it printed. */
export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** A running command. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when standard output or error contains a text. */
  printed(text: string): Promise<void>
  /** What it has printed to standard output by now. */
  stdoutSoFar(): string
}

/** The tasks that the tests of the command line run. Several of them, so that naming one is needed. */
const taskModule = `
import { readFileSync } from 'node:fs'
import { task, current } from '${pathToFileURL(join(root, 'dist/index.js')).href}'
export const square = task(import.meta, function square(n) { if (n === 13) throw new RangeError('unlucky'); return n * n })
export const shout = task(import.meta, function shout(word) { console.log('task says', word); return String(word).toUpperCase() })
export const echo = task(import.meta, function echo(value) { return value })
export const nap = task(import.meta, async function nap(ms) { await current().sleep(ms); return ms })
export const steps = task(import.meta, function* steps(n) { for (let at = 0; at < n; at++) yield at })
export const odd = task(import.meta, function odd(kind) {
  if (kind === 'map') return new Map([['a', 1n]])
  if (kind === 'date') return new Date(0)
  if (kind === 'bytes') return new Uint8Array([1, 2, 3])
  if (kind === 'nan') return [NaN, undefined, Infinity]
  return undefined
})
export const markup = task(import.meta, function markup() { throw new Error('</script><img src=x onerror=alert(1)>') })
export const readGone = task(import.meta, function readGone() { return readFileSync('/gone.txt') })
export const spin = task(import.meta, function spin(ms) { const end = performance.now() + ms; while (performance.now() < end); return ms })
export const dies = task(import.meta, function dies(n) { if (n === 1) process.exit(7); return n })
`

/** A folder with a task module that goes when the test has ended. */
export function workplace(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'skein-cli-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'tasks.mjs'), taskModule)
  writeFileSync(
    join(folder, 'single.mjs'),
    `import { task } from '${pathToFileURL(join(root, 'dist/index.js')).href}'\nexport const only = task(import.meta, function only(n) { return -n })\n`,
  )
  return folder
}

/** Starts the command. */
export function start(
  cwd: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Running {
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const waiting: { text: string; found: () => void }[] = []
  const look = (): void => {
    for (const wait of waiting) if (`${stdout}${stderr}`.includes(wait.text)) wait.found()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    look()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    look()
  })
  child.stdin.on('error', () => {})
  if (options.input !== undefined) child.stdin.end(options.input)
  return {
    child,
    stdoutSoFar: () => stdout,
    ended: new Promise(resolve => child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))),
    printed: text =>
      new Promise(found => {
        waiting.push({ text, found })
        look()
      }),
  }
}

/** Runs the command to its end. */
export function skein(
  cwd: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return start(cwd, args, { input: '', ...options }).ended
}

/** The JSON lines of a text. */
export function jsonLines(
  text: string,
): { index: number; input: unknown; value?: unknown; error?: { code?: string; message: string } }[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as never)
}
