import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { aliasModule, lookup, modulesWithTasks, namesIn } from '../../call/define/registry.ts'
import type { AnyFunction, TaskIdentity } from '../../call/define/identity.ts'
import { nearest } from '../../core/errors/nearest.ts'
import { NestedStartError, TaskModuleError, TaskNotFoundError } from '../../core/errors/errors.ts'
import { fileOfCaller } from '../../core/report/own-file.ts'
import { formatHint } from './module-format.ts'
import { evaluated, importUrl } from '../../core/program/import-url.ts'
import { importing } from '../../core/program/start-guard.ts'

const loaded = new Map<string, Promise<void>>()
/** The file that this worker was started with, where that is a bundle: all its tasks are there once it has been evaluated. */
let ownFile: Promise<void> | undefined
/** Modules that were first seen while the import of another one failed: perhaps they are why, and then they are broken too. */
const doubted = new Set<string>()

/**
 * Imports a task module, JavaScript or TypeScript, on any supported Node, so that its tasks are registered in this thread.
 *
 * The ladder for TypeScript: Node's own type stripping (from 22.18); else tsx, if the program runs under it, or the user's project or
 * this package can resolve it; else compiled JavaScript beside the file; else an error that says what to do. A module that failed once is
 * not tried again in the same thread, as with `import()` itself.
 *
 * **Errors**: `SKEIN_TASK_MODULE` when the module is missing or throws, `SKEIN_TYPESCRIPT_LOADER` when nothing here can
 * read TypeScript.
 */
export function loadTaskModule(url: string): Promise<void> {
  let loading = loaded.get(url)
  if (!loading) {
    const before = new Set(modulesWithTasks())
    loading = importing(url, () => load(url))
    loading.catch(() => {
      for (const each of modulesWithTasks()) if (!before.has(each) && each !== url) doubted.add(each)
    })
    loaded.set(url, loading)
  }
  return loading
}

/** Waits for the file that this worker was started with, which is being evaluated, before any task is looked up. */
export function loadOwnFile(url: string): void {
  ownFile = importing(url, () => evaluated(url))
  ownFile.catch(() => {}) // that ends the worker by itself
  loaded.set(url, ownFile)
}

/**
 * The function of a task, its module imported first if need be.
 *
 * **Errors**: as `loadTaskModule`, and `SKEIN_TASK_NOT_FOUND` when the module defines no task of that name.
 */
export async function loadTask(identity: TaskIdentity): Promise<AnyFunction> {
  // Tasks that a module defined before it threw are there, but the module is not to be trusted: it fails as a whole.
  const { url } = identity
  if (ownFile !== undefined) await ownFile
  const known = loaded.has(url) || doubted.has(url) ? undefined : lookup(identity)
  if (known) return known
  await loadTaskModule(url)
  const found = lookup(identity)
  if (found) return found
  const names = namesIn(identity.url)
  throw new TaskNotFoundError(
    `No task named '${identity.name}' in ${readable(identity.url)}. ` +
      (names.length > 0
        ? `It defines: ${names.join(', ')}.`
        : `It defines no task at all; a task is defined with task(import.meta, fn) at the top level of the module.`) +
      ` A task that is defined inside a function, or only under a condition, is not there when a worker imports the module` +
      (names.length > 0
        ? `; nor is one whose function a test runner, a bundler or a minifier has renamed: give that one a name with ` +
          `task(import.meta, fn, { name: '${nearest(identity.name, names) ?? names[0]}' }).`
        : `.`),
  )
}

async function load(url: string): Promise<void> {
  // A failed import stays failed under its URL, so on a Node without TypeScript the loader comes first.
  const native = Boolean((process.features as { typescript?: unknown }).typescript)
  if (isTypeScript(url) && !native) return loadWithoutNode(url)
  try {
    await importUrl(url)
  } catch (error) {
    if (!isTypeScript(url) || !isBeyondNode(error)) throw moduleError(url, error)
    await loadBeyondNode(url, error)
  }
}

function isTypeScript(url: string): boolean {
  return /\.[cm]?tsx?(\?|$)/.test(url)
}

/** Syntax that Node's stripping refuses (enums and the like), or a place where it refuses to strip. */
function isBeyondNode(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING'
}

/** Node 20: tsx for this whole thread, so that the module and what it imports are loaded once and under their own URLs. */
async function loadWithoutNode(url: string): Promise<void> {
  const esm = await findTsx<{ register: () => unknown }>(url, './esm/api')
  const cjs = await findTsx<{ register: () => unknown }>(url, './cjs/api')
  if (!esm || !cjs) return loadCompiled(url, undefined)
  esm.register()
  cjs.register()
  try {
    await importUrl(url)
  } catch (error) {
    throw moduleError(url, error)
  }
}

/** Newer Node: only this module and what it imports go through tsx, in a namespace of its own. */
async function loadBeyondNode(url: string, first: unknown): Promise<void> {
  const tsx = await findTsx<{ tsImport: (url: string, parent: string) => Promise<unknown> }>(url, './esm/api')
  if (!tsx) return loadCompiled(url, first)
  try {
    await tsx.tsImport(url, fileOfCaller() ?? url)
  } catch (error) {
    throw moduleError(url, error)
  }
}

async function loadCompiled(url: string, first: unknown): Promise<void> {
  const compiled = url.replace(/\.([cm]?)tsx?(\?.*)?$/, '.$1js')
  if (compiled.startsWith('file:') && existsSync(fileURLToPath(compiled))) {
    try {
      await importUrl(compiled)
    } catch (error) {
      throw moduleError(compiled, error)
    }
    aliasModule(url, compiled)
    return
  }
  throw new TaskModuleError(
    `Cannot load the TypeScript module ${readable(url)} on Node ${process.versions.node}. ` +
      `Node reads TypeScript from 22.18 on (without enums, namespaces and parameter properties); for this Node, or that syntax, ` +
      `install a loader in your project: npm install tsx. Or compile the file to JavaScript and use that.`,
    { cause: first, code: 'SKEIN_TYPESCRIPT_LOADER' },
  )
}

/**
 * Finds tsx where the task module would find it, else the one that the program runs under (`npx tsx` need not have it in the project), else
 * where the program runs, else beside this package.
 */
async function findTsx<T>(url: string, entry: string): Promise<T | undefined> {
  const file = tsxFile(url, entry)
  return file === undefined ? undefined : ((await importUrl(file)) as T)
}

/** The URL of an entry of that tsx. */
export function tsxFile(url: string, entry: string): string | undefined {
  const running = process.execArgv.find(flag => /^file:.*\/tsx\/dist\//.test(flag))
  for (const place of [url, running, pathToFileURL(`${process.cwd()}/`).href, fileOfCaller()]) {
    if (place?.startsWith('file:') !== true) continue
    let folder: string
    let entries: Record<string, string | { import?: { default?: string } }>
    try {
      const require = process.getBuiltinModule('node:module').createRequire(place)
      folder = dirname(require.resolve('tsx/package.json'))
      entries = (require('tsx/package.json') as { exports: typeof entries }).exports
    } catch {
      continue // not installed there; the next place may have it
    }
    // require.resolve would find the CommonJS build, which cannot be imported.
    const found = entries[entry]
    const file = typeof found === 'string' ? found : found?.import?.default
    if (file) return pathToFileURL(join(folder, file)).href
  }
  return undefined
}

function moduleError(url: string, cause: unknown): Error {
  // Says already what happened and what to do; the module itself is not at fault.
  if (cause instanceof NestedStartError) return cause
  const code = (cause as { code?: unknown } | null)?.code
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
  const format = formatHint(url, cause)
  if (format !== undefined) {
    return new TaskModuleError(`Cannot load the task module ${readable(url)}: ${text}. ${format}.`, { cause })
  }
  const place = noFile(url)
  if (place !== undefined) {
    return new TaskModuleError(
      `Cannot load the task module ${readable(url)}: ${place}. Check the path, and that the file exists where this process ` +
        `runs; relative paths count from ${process.cwd()}.`,
      { cause },
    )
  }
  const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_ESM_URL_SCHEME'
  return new TaskModuleError(
    missing
      ? `Cannot load the task module ${readable(url)}: ${text}. Check that the file and everything that it imports exist where this process runs.`
      : `The task module ${readable(url)} threw while it was being imported: ${text}. A worker imports the module that defines a task; ` +
          `guard start-up code with main(import.meta, …) so that it runs only in the program's entry.`,
    { cause },
  )
}

/** The fault of the place that a URL names, when no file is there. */
function noFile(url: string): string | undefined {
  if (!url.startsWith('file:')) return undefined
  const found = statSync(new URL(url), { throwIfNoEntry: false })
  return !found ? 'there is no such file' : found.isDirectory() ? 'this is a folder' : undefined
}

function readable(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url
}
