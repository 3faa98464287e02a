import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * @internal The URL of the file with the code that called `callee`, or that calls this; undefined where there is none, as in `node -e`.
 *
 * V8 is asked, since `import.meta.url` is not to be relied on once a bundler was at work: it is undefined in a bundle that is
 * CommonJS, and in one of webpack it names the file that the code came from.
 */
export function fileOfCaller(callee: (...args: never[]) => unknown = fileOfCaller): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error
  const holder: { stack?: unknown } = {}
  let file: unknown
  try {
    Error.stackTraceLimit = 1
    Error.prepareStackTrace = (_, [site]) => site?.getFileName()
    Error.captureStackTrace(holder, callee)
    file = holder.stack // it is made here
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    Error.prepareStackTrace = prepareStackTrace
  }
  if (typeof file !== 'string') return undefined
  if (file.startsWith('file:')) return file
  return isAbsolute(file) ? pathToFileURL(file).href : undefined
}

/**
 * @internal The URL of a module by its `import.meta`; undefined for anything else.
 *
 * A tool that makes CommonJS of ES modules leaves nothing of that but an empty object, and webpack puts in the place of the URL that of
 * the file that the code came from, which need not be there. Then it is the file of the code that called `callee`.
 */
export function urlOfModule(meta: unknown, callee: (...args: never[]) => unknown): string | undefined {
  if (typeof meta !== 'object' || meta === null) return undefined
  const { url, webpack } = meta as { url?: unknown; webpack?: unknown }
  if (typeof url === 'string') return webpack === undefined ? url : (fileOfCaller(callee) ?? url)
  return Object.keys(meta).length === 0 ? fileOfCaller(callee) : undefined
}

/**
 * @internal The file of skein's own that a worker is started with; undefined if a bundler has put skein into a file of the program.
 *
 * @param here the URL of the file that the caller is in
 * @param own the place of its module in `dist/`
 * @param wanted the file, seen from there
 */
export function starterBeside(here: string | undefined, own: string, wanted: string): URL | undefined {
  if (here === undefined || !here.endsWith(`/dist/${own}`)) return undefined
  const file = new URL(wanted, here)
  return existsSync(file) ? file : undefined
}

/** @internal The file to start a worker with where there is none of skein's own: the one that skein was bundled into. */
export function programFile(here: string | undefined): URL {
  if (here !== undefined) return new URL(here)
  throw new Error('skein is part of code that has no file, so no worker can load it: put the bundle into a file')
}
