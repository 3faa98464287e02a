import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../../core/errors/foreign.ts'

/** The words of Node, and of tsx on its behalf, about an ES module that they have taken for CommonJS. */
const taken =
  /Cannot use import statement outside a module|Cannot use 'import\.meta' outside a module|Unexpected token 'export'|with the "cjs" output format/
const codes: ReadonlySet<unknown> = new Set(['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'])

/**
 * The remedy for a module whose import failed because it was taken for CommonJS: by the nearest package.json, or by its
 * ending. Undefined for any other failure, and for a file that is an ES module already.
 */
export function formatHint(url: string, error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  if (!codes.has(code) && !taken.test(messageOf(error))) return undefined
  const file = failedFile(error) ?? (url.startsWith('file:') ? fileURLToPath(url) : undefined)
  const ending = file && /\.([cm]?)([jt])sx?$/.exec(file)
  // Somebody else's package is not for the reader to change.
  if (!ending || ending[1] === 'm' || /[\\/]node_modules[\\/]/.test(file)) return undefined
  const renamed = `${file.slice(0, ending.index)}.m${ending[2]}s`
  if (ending[1] === 'c')
    return `Its ending makes ${file} a CommonJS module, and tasks are in ES modules: name it ${renamed}`
  const nearest = nearestPackage(dirname(file))
  if (nearest?.type === 'module') return undefined
  const why = nearest?.type === undefined ? `has no "type": "module"` : `says "type": "${nearest.type}"`
  return nearest === undefined
    ? `${file} was taken for CommonJS, as there is no package.json that says otherwise: put one with "type": "module" into ` +
        `${dirname(file)}, or name the file ${renamed}`
    : `${file} was taken for CommonJS, as the nearest package.json ${why}: put "type": "module" into ${nearest.path}, ` +
        `or name the file ${renamed}`
}

/** The file that could not be read, where the error says so: it may be one that the task module imports. */
function failedFile(error: unknown): string | undefined {
  // A mistake in the syntax begins its stack with file:line; tsx has file:line:column in its message.
  const text = error instanceof Error ? `${String(error.stack).split('\n', 1)[0]}\n${error.message}` : ''
  const found = /^(?:file:\/\/)?((?:[A-Za-z]:)?[\\/][^\n]*?\.[cm]?[jt]sx?)(?:\?[^\n:]*)?:\d+/m.exec(text)?.[1]
  return found !== undefined && existsSync(found) ? found : undefined
}

function nearestPackage(folder: string): { path: string; type: string | undefined } | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'package.json')
    try {
      const { type } = JSON.parse(readFileSync(path, 'utf8')) as { type?: unknown }
      return { path, type: typeof type === 'string' ? type : undefined }
    } catch {
      // Not there, or no JSON: Node looks further up, or has said so itself.
    }
    if (dirname(at) === at) return undefined
  }
}
