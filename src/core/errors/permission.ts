/** The things that a part of skein needs where Node's permission model is on. */
export interface Needs {
  readonly worker?: true
  readonly child?: true
  /** Files that it reads and writes: paths that end in `*`. */
  readonly files?: readonly string[]
}

interface Permission {
  has(scope: string, reference?: string): boolean
}

/** Something that Node's permission model forbids, in words that say which options are missing. */
export class DeniedError extends Error {}

/**
 * The options that the program has to be started with for something that it may not do, as a part of a sentence; undefined if it may.
 *
 * Source: https://nodejs.org/api/permissions.html
 */
export function optionsMissing({ worker, child, files = [] }: Needs): string | undefined {
  const { permission } = process as { permission?: Permission }
  if (permission === undefined) return undefined
  const missing: string[] = []
  if (worker && !permission.has('worker')) missing.push('--allow-worker')
  if (child && !permission.has('child')) missing.push('--allow-child-process')
  for (const file of files) {
    const path = file.slice(0, -1)
    if (!permission.has('fs.read', path)) missing.push(`--allow-fs-read=${file}`)
    if (!permission.has('fs.write', path)) missing.push(`--allow-fs-write=${file}`)
  }
  if (missing.length === 0) return undefined
  const model = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission'
  return `Node was started with ${model} and without ${missing.join(' ')}`
}

/** True for what Node throws where its permission model forbids something. */
export function isDenied(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ERR_ACCESS_DENIED'
}

/** The error itself, or where Node's permission model is the reason for it one that says what is missing. */
export function orDenied(error: unknown, needs: Needs): unknown {
  if (!isDenied(error)) return error
  const missing = optionsMissing(needs)
  return missing === undefined ? error : new DeniedError(missing, { cause: error })
}
