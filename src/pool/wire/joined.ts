import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { fileOfCaller } from '../../core/report/own-file.ts'

/** The exports of the modules of a worker, all of them in one object, under the names that they have in the joined files. */
export type Joined = Readonly<Record<string, unknown>>

/**
 * The modules that a worker needs, joined into one script. They are made once in a thread: whatever it imports of skein later
 * gets these.
 *
 * It is a script, not a module, because V8 takes compiled code for a script alone: it makes most of the start of a worker.
 *
 * @param compiled what `compileJoined` has made of it, or undefined where there is nothing of the kind
 */
export function joined(compiled?: Uint8Array): Joined {
  const file = joinedFile()
  const known = globalThis as Record<symbol, unknown>
  return (known[Symbol.for(`skein.joined ${file.href}`)] ??= evaluate(file, compiled)) as Joined
}

/** Compiles the script, for `joined` in a worker with the same Node. */
export function compileJoined(): Uint8Array {
  return scriptOf(joinedFile()).createCachedData()
}

/** In the folder dist/ in which the code stands that asks. */
function joinedFile(): URL {
  const [, dist] = /^(.*\/dist\/)/.exec(fileOfCaller() ?? '') ?? []
  return new URL('joined/worker/script.js', dist)
}

function evaluate(file: URL, compiled: Uint8Array | undefined): Joined {
  const make = scriptOf(file, compiled).runInThisContext() as (importUrl: (url: string) => Promise<unknown>) => Joined
  // A script that was compiled elsewhere can't import; this module can.
  return make(url => import(/* webpackIgnore: true */ /* @vite-ignore */ url))
}

function scriptOf(file: URL, cachedData?: Uint8Array): Script {
  return new Script(readFileSync(file, 'latin1'), {
    filename: file.href,
    ...(cachedData ? { cachedData } : {}),
  })
}
