import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, parse, relative } from 'node:path'
import { UsageError } from '../exit-codes.ts'

/** The time that the compiler may take, in milliseconds. */
const patience = 300_000

/**
 * The declarations that the TypeScript compiler makes of modules and of what they import, by their paths without the ending: what is
 * inferred is written out there, by whatever version is installed beside the first of them. Nothing is written there.
 *
 * @throws UsageError where there is no compiler, or it makes none
 */
export async function declarationsOf(
  files: readonly string[],
  tsconfig: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const [first = ''] = files
  const compiler = compilerFor(first)
  // Links would make two paths of one file.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'skein-stubs-')))
  try {
    const out = join(folder, 'out')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings(files, tsconfig ?? nearest(first), out)))
    const said = await run(compiler, ['-p', folder])
    const found = existsSync(out) ? textsIn(out, parse(first).root) : new Map<string, string>()
    if (found.size === 0)
      throw new UsageError(
        `The TypeScript compiler made nothing of ${first}: ${said.trim() || 'it said nothing'}`,
        'celery',
      )
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The path of a module without its ending, as the declarations are known by. */
export function withoutEnding(path: string): string {
  return path.replace(/(?:\.d)?\.[cm]?[jt]sx?$/, '')
}

function compilerFor(file: string): string {
  for (const place of [file, join(process.cwd(), 'any')]) {
    try {
      const found = createRequire(place).resolve('typescript/package.json')
      const { bin } = JSON.parse(readFileSync(found, 'utf8')) as { bin: { tsc: string } }
      return join(dirname(found), bin.tsc)
    } catch {
      // Not there; the next place may have it.
    }
  }
  throw new UsageError(
    `The types of ${file} are read by TypeScript, which is not installed there. Run: npm install --save-dev typescript`,
    'celery',
  )
}

function nearest(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'tsconfig.json')
    if (existsSync(path)) return path
    if (folder === dirname(folder)) return undefined
  }
}

function settings(files: readonly string[], tsconfig: string | undefined, out: string): object {
  const [first = ''] = files
  const typeRoots: string[] = []
  for (let folder = dirname(tsconfig ?? first); ; folder = dirname(folder)) {
    typeRoots.push(join(folder, 'node_modules/@types'))
    if (folder === dirname(folder)) break
  }
  return {
    ...(tsconfig === undefined ? {} : { extends: tsconfig }),
    files,
    include: [],
    compilerOptions: {
      ...(tsconfig === undefined
        ? { module: 'nodenext', target: 'es2022', strict: true, allowImportingTsExtensions: true, types: ['*'] }
        : {}),
      typeRoots,
      allowJs: true,
      checkJs: false,
      skipLibCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      noEmit: false,
      noEmitOnError: false,
      declarationMap: false,
      isolatedDeclarations: false,
      composite: false,
      incremental: false,
      outDir: out,
      declarationDir: out,
      rootDir: parse(first).root,
    },
  }
}

/** Resolves to its output. Errors in types do not count here: the rest is known in spite of them. */
function run(compiler: string, args: readonly string[]): Promise<string> {
  return new Promise(resolve => {
    const options = { timeout: patience, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 } as const
    execFile(process.execPath, [compiler, ...args], options, (error, stdout, stderr) =>
      resolve(stdout + stderr || (error?.message ?? '')),
    )
  })
}

function textsIn(out: string, root: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    if (!/\.d\.[cm]?ts$/.test(name)) continue
    const path = join(root, relative(out, join(out, name)))
    found.set(withoutEnding(path), readFileSync(join(out, name), 'utf8'))
  }
  return found
}
