import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { fileOfCaller } from '../../core/report/own-file.ts'
import { pack, unpack } from './compiled-code.ts'

/** The exports of a joined file, under the names that they have there. */
type Exports = Readonly<Record<string, unknown>>

/** The exports of the joined files of a worker. They are not made one object: that takes as long as compiling them. */
export type Joined = readonly [front: Exports, host: Exports]

type ImportUrl = (url: string) => Promise<unknown>

/** The joined files that a worker needs: the second takes what it needs of the first. */
const files = ['front.js', 'host.js'] as const

/**
 * The modules that a worker needs, each joined file as a script. They are made once in a thread: whatever it imports of skein later
 * gets these.
 *
 * They are scripts, not modules, because V8 takes compiled code for a script alone: it makes most of the start of a worker.
 *
 * @param compiled what `compileJoined` has made of them, or undefined where there is nothing of the kind
 */
export function joined(compiled?: Uint8Array): Joined {
  const folder = joinedFolder()
  const known = globalThis as Record<symbol, unknown>
  return (known[Symbol.for(`skein.joined ${folder.href}`)] ??= evaluate(folder, compiled)) as Joined
}

/** Compiles the scripts, for `joined` in a worker with the same Node. */
export function compileJoined(): Uint8Array {
  const folder = joinedFolder()
  return pack(files.map(file => scriptOf(new URL(file, folder)).createCachedData()))
}

/** In the folder dist/ in which the code stands that asks. */
function joinedFolder(): URL {
  const [, dist] = /^(.*\/dist\/)/.exec(fileOfCaller() ?? '') ?? []
  return new URL('joined/', dist)
}

function evaluate(folder: URL, compiled: Uint8Array | undefined): Joined {
  const codes = compiled && unpack(compiled)
  // A script that was compiled elsewhere can't import; this module can.
  const importUrl: ImportUrl = url => import(/* webpackIgnore: true */ /* @vite-ignore */ url)
  const made = (at: 0 | 1, before?: Exports): Exports => {
    const script = scriptOf(new URL(files[at], folder), codes?.[at])
    return (script.runInThisContext() as (before: Exports | undefined, importUrl: ImportUrl) => Exports)(
      before,
      importUrl,
    )
  }
  const front = made(0)
  return [front, made(1, front)]
}

function scriptOf(file: URL, cachedData?: Uint8Array): Script {
  return new Script(asScript(readFileSync(file)), {
    filename: file.href,
    ...(cachedData ? { cachedData } : {}),
  })
}

/**
 * The text of a joined module as a function that is given what the module imports, and returns what it exports. Each line stays where
 * it is, for the stacks of errors.
 *
 * The build has put all imports into the first line, which is as long as the one here, and the exports at the end. They are changed in the
 * bytes that were read: this is done at the start of each worker, and a regular expression that goes through all of them takes longer
 * than V8 does to read it.
 *
 * @internal
 */
export function asScript(module: Buffer): string {
  replace(module, 0, module.indexOf('\n'), line => {
    const [, names] = /^import \{(.*)\}/.exec(line) ?? []
    return `${beginning}${names === undefined ? '' : ` const {${names.replaceAll(' as ', ': ')}} = before_;`}`
  })
  const importing = module.indexOf('return import(\n')
  if (importing >= 0) module.write('load__', importing + 'return '.length)
  replace(module, module.lastIndexOf('\nexport {') + 1, module.length, text => {
    const [, names = ''] = /^export \{([^}]*)\}/.exec(text) ?? []
    return `return {${names.replaceAll(/([\w$]+) as ([\w$]+)/g, '$2: $1')}}})`
  })
  return module.toString('latin1')
}

const beginning = '(function (before_, load__) { "use strict";'

/** Puts another text into the place of one, and spaces where it is shorter. */
function replace(bytes: Buffer, from: number, to: number, change: (text: string) => string): void {
  const text = change(bytes.toString('latin1', from, to))
  if (text.length > to - from) throw new Error(`there is no room for ${text.slice(0, 80)}`)
  bytes.fill(' ', from + bytes.write(text, from, 'latin1'), to)
}
